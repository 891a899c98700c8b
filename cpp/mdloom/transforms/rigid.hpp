// Motions of a whole frame: every atom is moved alike.
#pragma once
#include <optional>

#include "mdloom/transforms/transform.hpp"

namespace mdloom::transforms {

/// Adds a vector, Å.
std::shared_ptr<const Transform> translate(Vec3 vector);

struct Centering {
    Group group;
    std::vector<double> weights;  ///< one for each atom of the group, their sum above 0; empty: all are 1
    bool is_wrapped = false;      ///< the centre is that of the atoms as they are in the cell
    std::vector<float> point;     ///< x, y, z, Å; empty: the middle of the box
};

/// Moves the centre of a group to a point. Throws ArgumentError for an empty group and for sizes that do not match.
std::shared_ptr<const Transform> center(Centering centering);

struct Fitting {
    Group mobile;
    std::vector<double> reference;  ///< Å, [n * 3]
    std::vector<double> weights;    ///< [n], or empty: all are 1
    bool rotates = true;            ///< false: the centres are laid on each other
    int fixed_axis = -1;            ///< 0, 1, 2: nothing moves along x, y, z; translation only
};

/// Least squares fit of a group on a reference (kernels/superposition.hpp). Throws ArgumentError as center() does, and
/// for weights and references that are no usable numbers.
std::shared_ptr<const Transform> fit(Fitting fitting);

std::shared_ptr<const Transform> read_translate(ByteReader& spec);
std::shared_ptr<const Transform> read_center(ByteReader& spec);
std::shared_ptr<const Transform> read_fit(ByteReader& spec);

}  // namespace mdloom::transforms
