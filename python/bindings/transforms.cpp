// Transforms of a source's frames, each with the arguments that python/mdloom/transformations.py settles.
#include "bindings.hpp"
#include "mdloom/transforms/periodic.hpp"
#include "mdloom/transforms/rigid.hpp"
#include "mdloom/transforms/transformed_source.hpp"

namespace mdloom::bindings {

namespace {

struct HeldTransform {
    std::shared_ptr<const transforms::Transform> transform;
};

using FloatArray = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using BoxRows = nb::ndarray<const float, nb::shape<-1, 9>, nb::c_contig, nb::device::cpu>;

HeldTransform translate(const FloatArray& vector) {
    if (vector.size() != 3) throw ArgumentError("a vector has 3 components, not " + std::to_string(vector.size()));
    return {transforms::translate({vector.data()[0], vector.data()[1], vector.data()[2]})};
}

HeldTransform center(const IndexArray& group, const DoubleArray& weights, bool is_wrapped, const FloatArray& point) {
    return {transforms::center({to_vector(group), to_vector(weights), is_wrapped, to_vector(point)})};
}

HeldTransform fit(const IndexArray& mobile, const DoublePoints& reference, const DoubleArray& weights, bool rotates,
                  int fixed_axis) {
    std::vector<double> points(reference.data(), reference.data() + reference.size());
    return {transforms::fit({to_vector(mobile), std::move(points), to_vector(weights), rotates, fixed_axis})};
}

HeldTransform wrap(const IndexArray& atoms, const IndexArray& n_atoms, const DoubleArray& weights) {
    return {transforms::wrap({to_vector(atoms), to_vector(n_atoms), to_vector(weights)})};
}

HeldTransform unwrap(const IndexArray& children, const IndexArray& parents) {
    return {transforms::unwrap({to_vector(children), to_vector(parents)})};
}

HeldTransform set_box(const BoxRows& rows) {
    std::vector<Box> boxes(rows.shape(0));
    for (std::size_t i = 0; i < boxes.size(); ++i) std::copy_n(rows.data() + 9 * i, 9, boxes[i].begin());
    return {transforms::set_box(std::move(boxes))};
}

HeldSource transformed(const HeldSource& source, const std::vector<HeldTransform*>& given) {
    transforms::Transforms transforms;
    for (const HeldTransform* held : given) transforms.push_back(held->transform);
    return {transforms::transformed(source.source, std::move(transforms))};
}

}  // namespace

void bind_transforms(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<HeldTransform>(module, "Transform", "What happens to frames between their file and the analyses.");
    module.def("translating", &translate, "vector"_a);
    module.def("centering", &center, "group"_a, "weights"_a, "is_wrapped"_a, "point"_a);
    module.def("fitting", &fit, "mobile"_a, "reference"_a, "weights"_a, "rotates"_a, "fixed_axis"_a);
    module.def("wrapping", &wrap, "atoms"_a, "n_atoms"_a, "weights"_a);
    module.def("unwrapping", &unwrap, "children"_a, "parents"_a);
    module.def("setting_box", &set_box, "boxes"_a);
    module.def("transformed", &transformed, "source"_a, "transforms"_a);
}

}  // namespace mdloom::bindings
