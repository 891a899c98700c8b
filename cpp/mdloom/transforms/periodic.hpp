// Moving atoms by box vectors: into the cell, or molecules together again; and giving a box to frames without one.
#pragma once
#include "mdloom/transforms/transform.hpp"

namespace mdloom::transforms {

struct Wrapping {
    Group atoms;                  ///< unique, compound by compound
    std::vector<Index> n_atoms;   ///< of each compound; empty: each atom is moved into the cell on its own
    std::vector<double> weights;  ///< of each atom, for the centres of the compounds: these go into the cell
};

/// Throws ArgumentError when sizes do not match, and for a compound whose weights do not sum to more than 0.
std::shared_ptr<const Transform> wrap(Wrapping wrapping);

/// child[i] is moved to the image nearest to parent[i]; parents come before their children do, and a root is no child.
struct Bonds {
    std::vector<Index> children, parents;
};

/// Molecules made whole along their bonds. Throws ArgumentError when children and parents are not as many.
std::shared_ptr<const Transform> unwrap(Bonds bonds);

/// Every frame gets the box, or, of several, frame k the k-th.
std::shared_ptr<const Transform> set_box(std::vector<Box> boxes);

std::shared_ptr<const Transform> read_wrap(ByteReader& spec);
std::shared_ptr<const Transform> read_unwrap(ByteReader& spec);
std::shared_ptr<const Transform> read_set_box(ByteReader& spec);

}  // namespace mdloom::transforms
