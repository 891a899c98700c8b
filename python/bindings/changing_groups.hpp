// Native analyses of groups that are selected anew in every frame: Python selects, the analysis computes.
#pragma once
#include "bindings.hpp"

namespace mdloom::bindings {

inline constexpr std::string_view changing_groups_name = "changing groups";

/// `analysis`, whose groups at these positions of its groups() list what may be selected. The atoms of each frame are
/// those that its reader's atoms_of(number) gives, int64 arrays in the same order as `positions`. Results and errors
/// are those of `analysis`.
/// An atom that is not among those listed ends the run with an ArgumentError: "atom 7 was selected, but " and
/// `why_not`.
std::unique_ptr<Analysis> with_changing_groups(std::unique_ptr<Analysis> analysis, Index number,
                                               std::vector<Index> positions, std::string why_not);

/// rebuild(name, spec) makes the analysis that it was made of.
std::unique_ptr<Analysis> rebuild_with_changing_groups(ByteReader& spec,
                                                       std::unique_ptr<Analysis> (*rebuild)(const std::string& name,
                                                                                            ByteReader& spec));

}  // namespace mdloom::bindings
