// An analysis outside this project, as a shared library that Python can load. The last line of its source is
//   MDLOOM_ANALYSIS_PLUGIN(Gyration)           or several structs, each as analyses/analysis_of.hpp wants them
// and mdloom_plugin() of the CMake package builds it. What Python may give are the struct's first members, in order:
//   Group (AtomGroup or indices), std::vector<double>, double, Index, bool, std::string
// By default as many as are of these types; the optional list of their names says how many, and makes keywords of them:
//   static constexpr std::array arguments{"group", "cutoff"};
//   static constexpr std::string_view summary = "radius of gyration";      optional, for help()
// What is left out keeps the value that the struct gives it, except for a Group, which must be given.
#pragma once
#include <array>
#include <span>
#include <variant>

#include "mdloom/analyses/analysis_of.hpp"

#ifdef _GLIBCXX_DEBUG
#define MDLOOM_STANDARD_LIBRARY "libstdc++ with debug containers"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define MDLOOM_STANDARD_LIBRARY "libstdc++"
#elif defined(__GLIBCXX__)
#define MDLOOM_STANDARD_LIBRARY "libstdc++ with strings of before 2011"
#else
#define MDLOOM_STANDARD_LIBRARY "another standard library"
#endif
/// What both sides must have in common: this version, the same contracts (a hash of their headers), the same layout of
/// strings and vectors.
#define MDLOOM_PLUGIN_TAG "mdloom " MDLOOM_VERSION ", contracts " MDLOOM_CONTRACTS ", " MDLOOM_STANDARD_LIBRARY

namespace mdloom::analyses {

using Argument = std::variant<Group, std::vector<double>, double, Index, bool, std::string>;

struct Parameter {
    std::string name;          ///< empty: it has only its place
    Argument when_left_out{};  ///< says of which kind it is, too
};

/// One analysis of a plug-in, as it is told to Python.
struct PluginAnalysis {
    std::string_view name, summary;
    std::vector<Parameter> (*parameters)();
    std::unique_ptr<Analysis> (*blank)();                                ///< knows only how to rebuild()
    std::unique_ptr<Analysis> (*make)(std::vector<Argument> arguments);  ///< one for each parameter
};

/// What mdloom_plugin() gives. Nothing behind the tag may be looked at before the tag was compared; it stays the first
/// member for ever.
struct Plugin {
    const char* tag;
    std::span<const PluginAnalysis> analyses;
};

namespace detail {

template <class T, class Variant>
inline constexpr bool is_one_of = false;
template <class T, class... Types>
inline constexpr bool is_one_of<T, std::variant<Types...>> = (std::is_same_v<T, Types> || ...);

/// How many come before the first that Python cannot give.
template <class... Members>
constexpr std::size_t count_givable() {
    std::size_t n = 0;
    static_cast<void>(((is_one_of<Members, Argument> && ++n > 0) && ...));
    return n;
}
template <class A>
inline constexpr std::size_t n_givable = decltype(with_members(std::declval<A&>(), [](auto&... member) {
    return std::integral_constant<std::size_t, count_givable<std::remove_cvref_t<decltype(member)>...>()>{};
}))::value;

template <class A>
concept NamesArguments = requires { A::arguments.size(); };

template <class A>
constexpr std::size_t n_arguments() {
    if constexpr (NamesArguments<A>) {
        static_assert(
            A::arguments.size() <= n_givable<A>,
            "arguments names more members than Python can give: they come first in the struct, and are Group, "
            "std::vector<double>, double, Index, bool or std::string");
        return A::arguments.size();
    } else {
        return n_givable<A>;
    }
}

/// visit(i, member) for each member that is an argument.
template <class A, class Visit>
void for_arguments(A& analysis, Visit visit) {
    with_members(analysis, [&](auto&... members) {
        std::size_t i = 0;
        const auto look_at = [&](auto& member) {
            if constexpr (is_one_of<std::remove_cvref_t<decltype(member)>, Argument>)
                if (i < n_arguments<A>()) visit(i, member);
            ++i;
        };
        (look_at(members), ...);
    });
}

constexpr bool is_identifier(std::string_view name) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && is_letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || c == '_' || (c >= '0' && c <= '9'); });
}

template <class A>
std::vector<Parameter> parameters_of() {
    std::vector<Parameter> parameters;
    A blank{};
    for_arguments(blank, [&](std::size_t i, auto& member) {
        std::string name;
        if constexpr (NamesArguments<A>) name = A::arguments[i];
        parameters.push_back({std::move(name), std::move(member)});
    });
    return parameters;
}

template <class A>
std::unique_ptr<Analysis> make_from(std::vector<Argument> arguments) {
    A analysis{};
    for_arguments(analysis, [&](std::size_t i, auto& member) {
        member = std::get<std::remove_cvref_t<decltype(member)>>(std::move(arguments.at(i)));
    });
    return make_analysis(std::move(analysis));
}

template <class A>
constexpr PluginAnalysis plugin_analysis() {
    static_assert(std::is_aggregate_v<A>, "a plain struct, without constructors: its members are its spec");
    static_assert(is_identifier(A::name), "name: small letters, digits and underscores, so that Python can call it");
    std::string_view summary;
    if constexpr (requires { A::summary; }) summary = A::summary;
    return {A::name, summary, parameters_of<A>, [] { return make_analysis(A{}); }, make_from<A>};
}

template <class... As>
constexpr bool names_differ() {
    std::array<std::string_view, sizeof...(As)> names{As::name...};
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) == names.end();
}

template <class... As>
const Plugin* plugin_of() {
    static_assert(names_differ<As...>(), "two analyses of one plug-in have the same name");
    static constexpr std::array analyses{plugin_analysis<As>()...};
    static constexpr Plugin plugin{MDLOOM_PLUGIN_TAG, analyses};
    return &plugin;
}

}  // namespace detail
}  // namespace mdloom::analyses

#define MDLOOM_ANALYSIS_PLUGIN(...)                                                                      \
    extern "C" __attribute__((visibility("default"))) const ::mdloom::analyses::Plugin* mdloom_plugin(); \
    extern "C" const ::mdloom::analyses::Plugin* mdloom_plugin() {                                       \
        return ::mdloom::analyses::detail::plugin_of<__VA_ARGS__>();                                     \
    }                                                                                                    \
    static_assert(true)
