// Atoms and where each should stand: what a frame is superposed on, or measured from.
#pragma once
#include <string>
#include <vector>

#include "mdloom/frame/frame.hpp"

namespace mdloom::analyses {

/// Atoms and what they are compared with, in the same order.
struct MatchedGroup {
    Group mobile;                   ///< atom indices in any order, duplicates count twice
    std::vector<double> reference;  ///< Å, [n * 3]
    std::vector<double> weights;    ///< [n], not negative, their sum above 0; empty: all are 1
};

/// Throws ArgumentError, in which the group is called `what`, when sizes do not match, the group is empty, or weights
/// or references are no usable numbers.
void require_usable(const MatchedGroup& group, const std::string& what);

}  // namespace mdloom::analyses
