#include "support/trr_writer.hpp"

#include <random>

#include "support/big_endian.hpp"

namespace mdloom::sources {

Bytes trr_bytes(const TrrFrame& frame) {
    Bytes out;
    const auto n_atoms = static_cast<std::int32_t>(frame.positions.size());
    const std::int32_t width = frame.is_double ? 8 : 4;
    const auto size = [&](bool is_there, std::int32_t n) { return is_there ? n * width : 0; };
    const auto put_many = [&](bool are_there, Index n, double value) {
        for (Index i = 0; are_there && i < n; ++i) put_real(out, value, frame.is_double);
    };
    put_big<std::int32_t>(out, 1993), put_big<std::int32_t>(out, 13), put_big<std::int32_t>(out, 12);
    put_text(out, "GMX_trn_file");
    for (std::int32_t n : {0, 0, size(frame.box.has_value(), 9), size(frame.has_virial, 9), size(frame.has_pressure, 9),
                           0, 0, size(frame.has_positions, 3 * n_atoms), size(frame.has_velocities, 3 * n_atoms),
                           size(frame.has_forces, 3 * n_atoms), n_atoms, frame.step, 0})
        put_big(out, n);
    put_real(out, frame.time, frame.is_double);
    put_real(out, 0.25, frame.is_double);  // lambda
    if (frame.box)
        for (double value : *frame.box) put_real(out, value, frame.is_double);
    put_many(frame.has_virial, 9, -1);
    put_many(frame.has_pressure, 9, -2);
    if (frame.has_positions)
        for (const auto& position : frame.positions)
            for (double value : position) put_real(out, value, frame.is_double);
    put_many(frame.has_velocities, 3 * n_atoms, -3);
    put_many(frame.has_forces, 3 * n_atoms, -4);
    return out;
}

Bytes trr_file(const std::vector<TrrFrame>& frames) {
    Bytes all;
    for (const TrrFrame& frame : frames) {
        const Bytes bytes = trr_bytes(frame);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

std::vector<Vec3> trr_positions(const TrrFrame& frame) {
    std::vector<Vec3> positions(frame.positions.size());
    for (std::size_t i = 0; i < positions.size(); ++i)
        for (std::size_t d = 0; d < 3; ++d) positions[i][d] = static_cast<float>(frame.positions[i][d]) * 10.0f;
    return positions;
}

std::vector<TrrFrame> random_trr_frames(Index n_frames, Index n_atoms, bool is_double, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> any(0, 3);
    std::vector<TrrFrame> frames(usize(n_frames));
    for (std::size_t k = 0; k < frames.size(); ++k) {
        TrrFrame& frame = frames[k];
        frame.positions.resize(usize(n_atoms));
        for (auto& position : frame.positions)
            for (double& value : position) value = any(random);
        frame.step = static_cast<std::int32_t>(1000 * k);
        frame.time = 2. * static_cast<double>(k);
        frame.box = {3.1, 0, 0, 0.2, 4.7, 0, -0.3, 0.4, 5.9};
        frame.is_double = is_double;
    }
    return frames;
}

}  // namespace mdloom::sources
