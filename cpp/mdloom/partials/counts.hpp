// Histograms and occupancies: integers that add up. [n]
#pragma once
#include "mdloom/partials/partial.hpp"

namespace mdloom {

struct Counts {
    std::vector<Index> values;

    static Counts zeros(Index n) { return {std::vector<Index>(usize(n))}; }
    void merge(Counts&& other) { detail::merge_each(values, other.values, std::plus<>{}); }
};

}  // namespace mdloom
