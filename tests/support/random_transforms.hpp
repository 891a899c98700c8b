// How to make a random transform of each kind of the catalog. A new catalog entry needs a line: a test says so.
#pragma once
#include <functional>
#include <map>

#include "mdloom/transforms/transform.hpp"
#include "support/dice.hpp"

namespace mdloom::laws {

using MakeTransform = std::function<std::shared_ptr<const transforms::Transform>(Dice&, Index n_atoms)>;
const std::map<std::string_view, MakeTransform>& transform_makers();

/// A box for every frame, and up to four transforms that may need one.
transforms::Transforms random_transforms(Dice& dice, Index n_atoms);

}  // namespace mdloom::laws
