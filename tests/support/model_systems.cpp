#include "support/model_systems.hpp"

#include "mdloom/writers/frame_encoder.hpp"

namespace mdloom::models {
namespace {

/// In steps of 2^-16, evenly in [-size, size).
class Jitter {
public:
    explicit Jitter(std::uint32_t seed) : random_(seed) {}
    float operator()(float size) { return size * (static_cast<float>(random_() % 131072) * 0x1p-16F - 1); }
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

private:
    std::mt19937 random_;
};

Vec3 near(const Vec3& at, float size, Jitter& jitter) {
    return {at[0] + jitter(size), at[1] + jitter(size), at[2] + jitter(size)};
}

}  // namespace

Frame water(Index n, std::uint32_t seed) {
    constexpr float spacing = 3.1F, bond = 0.9F;
    Jitter jitter(seed), turn(1);
    Frame frame;
    const auto at = [](Index i) { return (static_cast<float>(i) + 0.5F) * spacing; };
    for (std::size_t k : {0U, 4U, 8U}) frame.box[k] = static_cast<float>(n) * spacing;
    for (Index i = 0; i < n * n * n; ++i) {
        const Vec3 oxygen = near({at(i / (n * n)), at(i / n % n), at(i % n)}, 0.3F, jitter);
        Vec3 towards[2] = {oxygen, oxygen};
        const std::uint32_t axis = turn.below(3), sign = turn.below(4);
        towards[0][axis] += (sign & 1U) != 0 ? bond : -bond;
        towards[1][(axis + 1) % 3] += (sign & 2U) != 0 ? bond : -bond;
        frame.positions.push_back(oxygen);
        for (const Vec3& hydrogen : towards) frame.positions.push_back(near(hydrogen, 0.1F, jitter));
    }
    return frame;
}

Group every_third(Index n_atoms, Index o) {
    Group group;
    for (Index i = o; i < n_atoms; i += 3) group.push_back(i);
    return group;
}

Frame bilayer(Index n, std::uint32_t seed) {
    constexpr float spacing = 8, thickness = 40;
    Jitter jitter(seed);
    Frame frame;
    frame.box[0] = frame.box[4] = static_cast<float>(n) * spacing, frame.box[8] = 2 * thickness;
    for (Index i = 0; i < 2 * n * n; ++i) {
        const Vec3 at{static_cast<float>(i / 2 / n) * spacing, static_cast<float>(i / 2 % n) * spacing,
                      10 + static_cast<float>(i % 2) * thickness};
        frame.positions.push_back(near(at, 2, jitter));
    }
    return frame;
}

std::vector<Vec3> protein(Index n_atoms, std::uint32_t seed) {
    constexpr float bond = 0.87F, radius = 40;
    Jitter jitter(seed);
    std::vector<Vec3> positions;
    Vec3 at{50, 50, 50};
    for (Index i = 0; i < n_atoms; ++i) {
        for (float& x : at) {
            x += jitter.below(2) == 0 ? bond : -bond;
            if (x < 50 - radius || x > 50 + radius) x = 50;
        }
        positions.push_back(near(at, 0.1F, jitter));
    }
    return positions;
}

std::vector<Vec3> moved(std::vector<Vec3> positions, std::uint32_t seed) {
    Jitter jitter(seed);
    for (Vec3& at : positions) at = near(at, 1, jitter);
    return positions;
}

Bytes water_file(const std::string& format, Index n, Index n_frames) {
    const auto encoder = writers::make_encoder({.format = format, .n_atoms = 3 * n * n * n});
    Bytes bytes = encoder->start(n_frames);
    for (Index k = 0; k < n_frames; ++k) {
        const Frame frame = water(n, static_cast<std::uint32_t>(k + 1));
        encoder->append({.number = k, .step = k, .box = frame.box, .positions = frame.positions}, bytes);
    }
    return bytes;
}

}  // namespace mdloom::models
