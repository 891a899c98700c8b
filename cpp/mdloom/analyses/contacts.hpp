// Contacts: which fraction Q of the contacts of a reference is there in each frame.
//
// A contact is a pair of atoms, one of either group, that is near in the reference; only these pairs are measured.
// Ways to say that it is there at distance r, with r0 that in the reference:
//   hard cut    r <= r0
//   soft cut    1 / (1 + exp(beta (r - lambda r0)))  (Best, Hummer & Eaton 2013, doi:10.1073/pnas.1311599110)
//   radius cut  r <= radius  (Franklin et al. 2007, doi:10.1093/nar/gkm342)
#pragma once
#include <memory>
#include <vector>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

enum class ContactMethod : std::uint8_t { hard_cut, soft_cut, radius_cut };

/// The contacts of one reference.
struct ContactSet {
    std::vector<Index> pairs;  ///< [n][2]: places in the first and the second group
    std::vector<double> r0;    ///< [n], Å
};

struct ContactsSpec {
    Group first, second;  ///< atom indices in any order, duplicates count twice
    ContactMethod method = ContactMethod::hard_cut;
    double radius = 4.5;                       ///< Å; radius cut
    double beta = 5.0, lambda_constant = 1.8;  ///< 1/Å and 1; soft cut
    bool pbc = false;                          ///< distances of nearest images; a frame without a box has none
    std::vector<ContactSet> references;
};

/// Result: "times", float64 [n_frames], ps; "timeseries", float64 [n_frames, 1 + n_references]: frame index, Q of each
/// reference, NaN where that has no contact. Throws ArgumentError for empty groups, pairs outside of them, and numbers
/// that are not finite; frames whose box spans no volume are refused when pbc is asked for.
std::unique_ptr<Analysis> contacts(ContactsSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_contacts();

}  // namespace mdloom::analyses
