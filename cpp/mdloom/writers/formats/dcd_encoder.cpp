#include "mdloom/writers/formats/dcd_encoder.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "mdloom/writers/formats/encoding.hpp"

namespace mdloom::writers {
namespace {

constexpr double steps_of_akma = 1 / 4.888821e-2;  // in a ps
constexpr Index most_atoms = (INT32_MAX - 8) / 4;  // the length of a record has 32 bits
constexpr std::size_t title_bytes = 240;           // the last one is zero

using Vector = std::array<double, 3>;

double dot(const Vector& u, const Vector& v) {
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}

/// A, cos gamma, B, cos beta, cos alpha, C. No box: what MDAnalysis makes of lengths and angles that are all zero.
std::array<double, 6> cell_of(const Box& box) {
    std::array<Vector, 3> rows;
    std::array<double, 3> lengths;
    for (std::size_t i = 0; i < 3; ++i) {
        rows[i] = {box[3 * i], box[3 * i + 1], box[3 * i + 2]};
        lengths[i] = std::sqrt(dot(rows[i], rows[i]));
    }
    if (std::ranges::min(lengths) == 0) return {0, 1, 0, 1, 1, 0};
    const auto cosine = [&](std::size_t i, std::size_t j) { return dot(rows[i], rows[j]) / (lengths[i] * lengths[j]); };
    std::array cell = {lengths[0], cosine(0, 1), lengths[1], cosine(0, 2), cosine(1, 2), lengths[2]};
    for (double& value : cell) value = static_cast<float>(value);  // as accurate as the box; 0.5 stays 0.5
    return cell;
}

class DcdEncoder : public FrameEncoder {
public:
    explicit DcdEncoder(const EncoderSpec& spec)
        : n_atoms_(spec.n_atoms),
          first_step_(int32_of(spec.first_step, "a first step")),
          interval_(int32_of(spec.steps_between, "a number of steps between frames")),
          delta_(static_cast<float>(spec.dt * steps_of_akma / static_cast<double>(interval_))),
          remarks_(spec.remarks) {
        if (n_atoms_ < 1 || n_atoms_ > most_atoms)
            throw ArgumentError(fmt::format("DCD holds 1 to {} atoms, not {}", most_atoms, n_atoms_));
        if (interval_ < 1) throw ArgumentError(fmt::format("{} steps between frames: give 1 or more", interval_));
        if (!std::isfinite(delta_))
            throw ArgumentError(fmt::format("a time between frames of {} ps: give a finite number", spec.dt));
        const auto is_strange = [](char c) { return c < 1; };  // a zero, or not ASCII
        if (remarks_.size() >= title_bytes || std::ranges::any_of(remarks_, is_strange))
            throw ArgumentError(fmt::format("remarks of a DCD have at most {} ASCII characters: shorten \"{}\"",
                                            title_bytes - 1, remarks_));
    }

    Bytes start(Index n_frames) const override {
        std::array<std::int32_t, 20> numbers{};
        numbers[0] = int32_of(n_frames, "a number of frames");
        numbers[1] = first_step_;
        numbers[2] = interval_;
        numbers[9] = std::bit_cast<std::int32_t>(delta_);
        numbers[10] = 1;   // a unit cell in every frame
        numbers[19] = 24;  // as of CHARMM 24
        std::array<char, title_bytes> title{};
        std::ranges::copy(remarks_, title.begin());
        const auto n_lines = static_cast<std::int32_t>(title_bytes / 80);
        Bytes out;
        append_record(out, std::array{'C', 'O', 'R', 'D'}, numbers);
        append_record(out, n_lines, title);
        append_record(out, static_cast<std::int32_t>(n_atoms_));
        return out;
    }

    void append(const EncodedFrame& frame, Bytes& out) const override {
        require_n_atoms(frame, n_atoms_);
        const std::size_t axis_bytes = 4 * usize(n_atoms_);
        append_record(out, cell_of(frame.box));
        for (std::size_t d = 0; d < 3; ++d) {
            const auto length = static_cast<std::int32_t>(axis_bytes);
            append_bytes(out, length);
            std::byte* at = grown(out, axis_bytes);
            for (const Vec3& position : frame.positions) std::memcpy(at, &position[d], 4), at += 4;
            append_bytes(out, length);
        }
    }

private:
    /// Fortran's: a length, so many bytes, the length again.
    template <class... Contents>
    static void append_record(Bytes& out, const Contents&... contents) {
        const auto length = static_cast<std::int32_t>((sizeof contents + ...));
        append_bytes(out, length);
        (append_bytes(out, contents), ...);
        append_bytes(out, length);
    }
    template <class T>
    static void append_bytes(Bytes& out, const T& value) {
        std::memcpy(grown(out, sizeof value), &value, sizeof value);
    }

    Index n_atoms_;
    std::int32_t first_step_, interval_;
    float delta_;  // AKMA units, of one step
    std::string remarks_;
};

}  // namespace

std::unique_ptr<FrameEncoder> make_dcd_encoder(const EncoderSpec& spec) {
    return std::make_unique<DcdEncoder>(spec);
}

}  // namespace mdloom::writers
