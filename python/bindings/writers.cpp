// Frames to the bytes of a trajectory file.
#include "bindings.hpp"
#include "mdloom/writers/frame_encoder.hpp"

namespace mdloom::bindings {

namespace {

using writers::EncoderSpec, writers::FrameEncoder;
using BoxVectors = nb::ndarray<const float, nb::shape<3, 3>, nb::c_contig, nb::device::cpu>;
using Positions = nb::ndarray<const float, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;

struct HeldEncoder {
    std::unique_ptr<FrameEncoder> encoder;
};

nb::bytes frame(const HeldEncoder& held, Index number, Index step, double time, const BoxVectors& box,
                const Positions& positions) {
    writers::EncodedFrame encoded{.number = number, .step = step, .time = time};
    std::copy_n(box.data(), 9, encoded.box.begin());
    encoded.positions = {reinterpret_cast<const Vec3*>(positions.data()), positions.shape(0)};
    Bytes out;
    {
        const nb::gil_scoped_release no_gil;
        held.encoder->append(encoded, out);
    }
    return to_python(out);
}

}  // namespace

void bind_writers(nb::module_& module) {
    nb::class_<HeldEncoder>(module, "TrajectoryEncoder",
                            "Frames to the bytes of a trajectory file; any thread may ask.")
        .def(
            "__init__",
            [](HeldEncoder* self, std::string format, Index n_atoms, int decimals, double dt, Index first_step,
               Index steps_between, std::string remarks) {
                new (self) HeldEncoder{make_encoder(EncoderSpec{std::move(format), n_atoms, decimals, dt, first_step,
                                                                steps_between, std::move(remarks)})};
            },
            nb::arg("format"), nb::arg("n_atoms"), nb::kw_only(), nb::arg("decimals") = 3, nb::arg("dt") = 1.0,
            nb::arg("first_step") = 0, nb::arg("steps_between") = 1, nb::arg("remarks") = "")
        .def(
            "start", [](const HeldEncoder& held, Index n_frames) { return to_python(held.encoder->start(n_frames)); },
            nb::arg("n_frames"), "What stands before the first frame.")
        .def("frame", &frame, nb::arg("number"), nb::arg("step"), nb::arg("time"), nb::arg("box"), nb::arg("positions"),
             "The bytes of one frame: ps, Å.");
}

}  // namespace mdloom::bindings
