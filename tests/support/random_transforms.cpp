#include "support/random_transforms.hpp"

#include <algorithm>

#include "mdloom/transforms/periodic.hpp"
#include "mdloom/transforms/rigid.hpp"

namespace mdloom::laws {

namespace {

using transforms::Transform;

Group some_atoms(Dice& dice, Index n_atoms) {
    Group group;
    for (Index n = dice.between(1, n_atoms); n > 0; --n) group.push_back(dice.between(0, n_atoms - 1));
    return group;
}

std::vector<double> some_weights(Dice& dice, std::size_t n) {
    std::vector<double> weights(n);
    for (double& weight : weights) weight = static_cast<double>(dice.between(1, 40));
    return weights;
}

std::shared_ptr<const Transform> random_translate(Dice& dice, Index) {
    return transforms::translate({dice.normal(0.f, 9.f), dice.normal(0.f, 9.f), dice.normal(0.f, 9.f)});
}

std::shared_ptr<const Transform> random_center(Dice& dice, Index n_atoms) {
    transforms::Centering centering{some_atoms(dice, n_atoms), {}, dice.chance(0.5), {}};
    if (dice.chance(0.5)) centering.weights = some_weights(dice, centering.group.size());
    if (dice.chance(0.5)) centering.point = {1, 2, 3};
    return transforms::center(std::move(centering));
}

std::shared_ptr<const Transform> random_fit(Dice& dice, Index n_atoms) {
    transforms::Fitting fitting{some_atoms(dice, n_atoms), {}, {}, dice.chance(0.7), -1};
    for (std::size_t i = 0; i < 3 * fitting.mobile.size(); ++i)
        fitting.reference.push_back(double{dice.normal(0.f, 20.f)});
    if (dice.chance(0.5)) fitting.weights = some_weights(dice, fitting.mobile.size());
    if (!fitting.rotates) fitting.fixed_axis = static_cast<int>(dice.between(-1, 2));
    return transforms::fit(std::move(fitting));
}

std::shared_ptr<const Transform> random_wrap(Dice& dice, Index n_atoms) {
    transforms::Wrapping wrapping;
    for (Index atom = 0; atom < n_atoms; ++atom)
        if (dice.chance(0.7)) wrapping.atoms.push_back(atom);
    std::ranges::shuffle(wrapping.atoms, dice.generator());
    if (dice.chance(0.4)) return transforms::wrap(std::move(wrapping));
    for (Index left = index_of(wrapping.atoms.size()); left > 0;) {
        wrapping.n_atoms.push_back(dice.between(1, left));
        left -= wrapping.n_atoms.back();
    }
    wrapping.weights = some_weights(dice, wrapping.atoms.size());
    return transforms::wrap(std::move(wrapping));
}

/// Every atom hangs on an earlier one of a shuffled list, or is a root.
std::shared_ptr<const Transform> random_unwrap(Dice& dice, Index n_atoms) {
    Group order(usize(n_atoms));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = index_of(i);
    std::ranges::shuffle(order, dice.generator());
    transforms::Bonds bonds;
    for (Index i = 1; i < n_atoms; ++i) {
        if (dice.chance(0.2)) continue;
        bonds.children.push_back(order[usize(i)]);
        bonds.parents.push_back(order[usize(dice.between(0, i - 1))]);
    }
    return transforms::unwrap(std::move(bonds));
}

std::shared_ptr<const Transform> random_box(Dice& dice, Index) {
    return transforms::set_box({Box{20 + dice.normal(0.f, 1.f), 0, 0, dice.normal(0.f, 3.f), 25, 0,
                                    dice.normal(0.f, 3.f), dice.normal(0.f, 3.f), 30}});
}

}  // namespace

const std::map<std::string_view, MakeTransform>& transform_makers() {
    static const std::map<std::string_view, MakeTransform> makers{
        {"center", random_center},       {"fit", random_fit},       {"set_box", random_box},
        {"translate", random_translate}, {"unwrap", random_unwrap}, {"wrap", random_wrap},
    };
    return makers;
}

transforms::Transforms random_transforms(Dice& dice, Index n_atoms) {
    transforms::Transforms made{random_box(dice, n_atoms)};
    for (Index n = dice.between(0, 4); n > 0; --n) {
        const auto kind =
            std::next(transform_makers().begin(), dice.between(0, index_of(transform_makers().size()) - 1));
        made.push_back(kind->second(dice, n_atoms));
    }
    return made;
}

}  // namespace mdloom::laws
