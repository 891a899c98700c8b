#include "plugins.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <map>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/plugin.hpp"

namespace mdloom::bindings {

namespace {

using analyses::Argument;
using analyses::Parameter;
using analyses::Plugin;
using analyses::PluginAnalysis;

struct Loaded {
    std::string path;
    const PluginAnalysis* analysis;
};

/// By the analysis' name. Only with the GIL. Libraries are never closed: their code may be in use until the end.
std::map<std::string, Loaded, std::less<>>& registry() {
    static std::map<std::string, Loaded, std::less<>> loaded;
    return loaded;
}

const Plugin& open_plugin(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw FileError(fmt::format("plug-in {} cannot be loaded ({})", path, dlerror()));
    void* door = dlsym(library, "mdloom_plugin");
    if (door == nullptr)
        throw ArgumentError(
            fmt::format("{} is a library, but no plug-in of mdloom: its source must end with "
                        "MDLOOM_ANALYSIS_PLUGIN(...)",
                        path));
    const Plugin* plugin = reinterpret_cast<const Plugin* (*)()>(door)();
    if (std::string_view(plugin->tag) != MDLOOM_PLUGIN_TAG)
        throw ArgumentError(fmt::format(
            "plug-in {} was built for [{}], this is [{}]: build it again with the C++ package of this version", path,
            plugin->tag, MDLOOM_PLUGIN_TAG));
    return *plugin;
}

void require_new_name(const std::string& path, std::string_view name) {
    const auto is_native = [&](const analyses::Info& info) { return info.name == name; };
    const auto other = registry().find(name);
    if (other != registry().end())
        throw ArgumentError(
            fmt::format("plug-in {} has an analysis \"{}\", as has {}, which is loaded: give one of them another name",
                        path, name, other->second.path));
    if (std::ranges::any_of(analyses::catalog(), is_native))
        throw ArgumentError(
            fmt::format("plug-in {} has an analysis \"{}\", as has mdloom itself: give it another name", path, name));
}

const PluginAnalysis& loaded_analysis(std::string_view name) {
    const auto found = registry().find(name);
    if (found == registry().end())
        throw StateError(fmt::format("no plug-in with an analysis \"{}\" is loaded: call mdloom.plugins.load()", name));
    return *found->second.analysis;
}

const char* kind_of(const Argument& argument) {
    static constexpr std::array kinds{"group", "numbers", "number", "index", "switch", "text"};
    static_assert(kinds.size() == std::variant_size_v<Argument>);
    return kinds[argument.index()];
}

nb::object default_of(const Argument& argument) {
    return std::visit([](const auto& value) { return nb::cast(value); }, argument);
}

/// For each analysis: name, summary, and for each of its parameters: name, kind, value when left out.
nb::list load_plugin(const std::string& path) {
    const Plugin& plugin = open_plugin(path);
    nb::list told;
    for (const PluginAnalysis& analysis : plugin.analyses) {
        require_new_name(path, analysis.name);
        nb::list parameters;
        for (const Parameter& parameter : analysis.parameters())
            parameters.append(
                nb::make_tuple(parameter.name, kind_of(parameter.when_left_out), default_of(parameter.when_left_out)));
        told.append(nb::make_tuple(std::string(analysis.name), std::string(analysis.summary), parameters));
    }
    for (const PluginAnalysis& analysis : plugin.analyses) registry().emplace(analysis.name, Loaded{path, &analysis});
    return told;
}

Argument to_argument(const nb::handle& given, const Argument& like) {
    return std::visit(
        [&]<class T>(const T&) -> Argument {
            if constexpr (std::is_same_v<T, Group>)
                return to_vector(nb::cast<IndexArray>(given));
            else if constexpr (std::is_same_v<T, std::vector<double>>)
                return to_vector(nb::cast<DoubleArray>(given));
            else
                return nb::cast<T>(given);
        },
        like);
}

/// `values`: one for each parameter, of its kind; arrays int64 and float64.
HeldAnalysis make_plugin_analysis(const std::string& name, const nb::list& values) {
    const PluginAnalysis& analysis = loaded_analysis(name);
    const std::vector<Parameter> parameters = analysis.parameters();
    if (values.size() != parameters.size())
        throw ArgumentError(fmt::format("{} takes {} arguments, not {}", name, parameters.size(), values.size()));
    std::vector<Argument> arguments;
    for (std::size_t i = 0; i < parameters.size(); ++i)
        arguments.push_back(to_argument(values[i], parameters[i].when_left_out));
    return {analysis.make(std::move(arguments))};
}

}  // namespace

std::unique_ptr<Analysis> rebuild_analysis(const std::string& name, ByteReader& spec) {
    const PluginAnalysis* analysis = nullptr;
    {
        const nb::gil_scoped_acquire gil;
        if (const auto found = registry().find(name); found != registry().end()) analysis = found->second.analysis;
    }
    return analysis != nullptr ? analysis->blank()->rebuild(spec) : analyses::rebuild(name, spec);
}

void bind_plugins(nb::module_& module) {
    using namespace nb::literals;
    module.def("load_plugin", &load_plugin, "path"_a);
    module.def("make_plugin_analysis", &make_plugin_analysis, "name"_a, "values"_a);
}

}  // namespace mdloom::bindings
