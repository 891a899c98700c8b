// What makes a partial a partial, and how a struct of partials merges. A partial is a plain struct whose merge is
// commutative and associative in bytes, with its fresh value as identity; its bytes come from its members.
#pragma once
#include <algorithm>
#include <functional>

#include "mdloom/base/bytes.hpp"

namespace mdloom {

template <class T>
concept Partial = std::is_default_constructible_v<T> && requires(T mine, T other) { mine.merge(std::move(other)); };

/// A struct all of whose members are partials: a bare double is not, so it cannot become a State.
template <class S>
concept MadeOfPartials = std::is_aggregate_v<S> && decltype(with_members(std::declval<S&>(), [](auto&... member) {
                             return std::bool_constant<(Partial<std::remove_cvref_t<decltype(member)>> && ...)>{};
                         }))::value;

template <class S>
void merge_members(S& mine, S&& other) {
    with_members(mine,
                 [&](auto&... to) { with_members(other, [&](auto&... from) { (to.merge(std::move(from)), ...); }); });
}

namespace detail {
template <class T, class Add>
void merge_each(std::vector<T>& mine, const std::vector<T>& other, Add add) {
    if (mine.size() != other.size()) throw StateError("cannot merge states of different shapes");
    std::transform(mine.begin(), mine.end(), other.begin(), mine.begin(), add);
}
}  // namespace detail

}  // namespace mdloom
