#include "mdloom/writers/formats/xtc_encode.hpp"

#include <algorithm>
#include <bit>

#include "mdloom/sources/formats/xtc_format.hpp"
#include "mdloom/writers/formats/bit_stream.hpp"

namespace mdloom::writers {
namespace {

using sources::least_small_index, sources::most_small_index, sources::xtc_small_sizes;

constexpr int most_run = 8;
constexpr int most_steps_up = 8;  // of the small index
constexpr std::size_t most_group_bytes = (3 * 32 + 6 + most_run * most_small_index) / 8 + 1;

/// x, y, z and something that does not count; plain vector arithmetic of GCC and Clang, for any machine.
typedef std::int32_t Lanes __attribute__((vector_size(16)));
typedef std::uint32_t UnsignedLanes __attribute__((vector_size(16)));
typedef float FloatLanes __attribute__((vector_size(16)));

struct Triple {
    std::uint32_t x, y, z;
};

inline Triple triple(Lanes at) {
    const auto u = reinterpret_cast<UnsignedLanes>(at);
    return {u[0], u[1], u[2]};
}
inline Lanes wrapping_difference(Lanes a, Lanes b) {
    return reinterpret_cast<Lanes>(reinterpret_cast<UnsignedLanes>(a) - reinterpret_cast<UnsignedLanes>(b));
}

/// |x| + |y| + |z|, in the first lane.
inline Lanes length(Lanes step) {
    const Lanes sign = step >> 31;
    const auto lengths = reinterpret_cast<UnsignedLanes>(wrapping_difference(step ^ sign, sign));
    const UnsignedLanes sum = lengths + __builtin_shufflevector(lengths, lengths, 1, 1, 1, 1);
    return reinterpret_cast<Lanes>(sum + __builtin_shufflevector(lengths, lengths, 2, 2, 2, 2));
}

/// Positions -> the nearest points of the grid.
class Points {
public:
    Points(std::span<const Vec3> positions, float precision)
        : n(index_of(positions.size())), floats_(positions.data()->data()), precision_(precision) {}

    const Index n;

    /// Not yet whole numbers: those of one that is not in range cannot be.
    FloatLanes scaled(Index i) const {
        FloatLanes at{};
        if (i + 1 == n) [[unlikely]]
            return std::memcpy(&at, floats_ + 3 * i, 12), scaled(at);
        std::memcpy(&at, floats_ + 3 * i, 16);  // with the first number of the next atom
        return scaled(at);
    }
    /// Each that can be a whole number: all bits are set. Not so for NaN.
    static Lanes fit(FloatLanes scaled) { return (scaled < 0x1p31f) & (scaled > -0x1p31f); }
    Lanes operator[](Index i) const { return __builtin_convertvector(scaled(i), Lanes); }

private:
    FloatLanes scaled(FloatLanes at) const {
        const FloatLanes steps = at * nm_in_angstrom * precision_;
        const Lanes half = (reinterpret_cast<Lanes>(steps) & INT32_MIN) | std::bit_cast<std::int32_t>(0.5f);
        return steps + reinterpret_cast<FloatLanes>(half);
    }

    const float* floats_;
    float precision_;
};

/// Three numbers as one of mixed radix; its bytes stand in the stream in little-endian order, of the last one only the
/// bits that are left.
struct Packing {
    Triple sizes{};
    int n_bits = 0;

    void put(BitStream& bits, Triple at) const {
        if (n_bits > static_cast<int>(BitStream::most_bits)) [[unlikely]]
            return put_long(bits, at);
        const std::uint64_t value = (std::uint64_t{at.x} * sizes.y + at.y) * sizes.z + at.z;
        const int n_whole = (n_bits - 1) & ~7, n_last = n_bits - n_whole;
        const std::uint64_t whole = sources::swap_bytes(value) >> 8 >> (56 - n_whole);
        bits.put(whole << n_last | value >> n_whole, n_bits);
    }
    void put_long(BitStream& bits, Triple at) const {
        auto value = (UInt128{at.x} * sizes.y + at.y) * sizes.z + at.z;
        int n = n_bits;
        for (; n > 8; n -= 8, value >>= 8) bits.put(static_cast<std::uint64_t>(value & 255), 8);
        bits.put(static_cast<std::uint64_t>(value), n);
    }
};

/// How the first atom of a group is stored: as distance from the lowest corner.
class Absolute {
public:
    explicit Absolute(const XtcSurvey& survey) {
        lowest_ = Lanes{survey.lowest[0], survey.lowest[1], survey.lowest[2], 0};
        Triple& sizes = packing_.sizes;
        const Lanes highest = {survey.highest[0], survey.highest[1], survey.highest[2], 0};
        sizes = triple(wrapping_difference(highest, lowest_) + 1);
        packed_ = std::max({sizes.x, sizes.y, sizes.z}) <= sources::most_packed_size;
        auto product = UInt128{sizes.x} * sizes.y * sizes.z;
        for (; packed_ && product; product >>= 1) ++packing_.n_bits;
    }
    void put(BitStream& bits, Lanes point) const {
        const Triple at = triple(wrapping_difference(point, lowest_));
        if (packed_) [[likely]]
            return packing_.put(bits, at);
        const Triple& sizes = packing_.sizes;
        bits.put(at.x, std::bit_width(sizes.x));
        bits.put(at.y, std::bit_width(sizes.y));
        bits.put(at.z, std::bit_width(sizes.z));
    }

private:
    Lanes lowest_;
    Packing packing_;
    bool packed_;
};

/// Steps from one atom to the next that are shorter than half a small size along every axis.
struct SmallSteps {
    std::uint32_t half;

    explicit SmallSteps(int index) : half(xtc_small_sizes[static_cast<std::size_t>(index)] / 2) {}

    /// From atom to atom, `half` added.
    Triple shifted(Lanes to, Lanes from) const {
        const Triple step = triple(wrapping_difference(to, from));
        return {step.x + half, step.y + half, step.z + half};
    }
    bool hold(Triple shifted) const {
        const std::uint32_t most = 2 * half - 1;
        return (shifted.x - 1 < most) & (shifted.y - 1 < most) & (shifted.z - 1 < most);
    }
    /// Whether the step is as long as `half` or longer.
    bool reached_by(Triple step) const {
        const std::uint32_t square = step.x * step.x + step.y * step.y + step.z * step.z;
        return static_cast<std::int32_t>(square) >= static_cast<std::int32_t>(half * half);
    }
};

class StreamWriter {
public:
    StreamWriter(const Points& points, const XtcSurvey& survey, Bytes& out)
        : points_(points),
          absolute_(survey),
          bits_(out),
          index_(survey.small_index),
          most_index_(std::min(most_small_index, survey.small_index + most_steps_up)),
          least_index_(most_index_ - most_steps_up),
          largest_(most_index_) {}

    Index write() {
        for (Index i = 0; i < points_.n; i += group(i)) bits_.make_room(most_group_bytes);
        return bits_.finish();
    }

private:
    /// Writes the group that starts with atom i; how many atoms it holds.
    Index group(Index i) {
        const Lanes first = points_[i];
        const SmallSteps small(index_);
        const bool grow = index_ < most_index_ && i > 0 && largest_.hold(largest_.shifted(first, last_));
        std::array<Triple, most_run> run;
        const int n_run = find_run(i, first, small, run);
        const int change = grow ? 1 : shrinks(std::span(run).first(static_cast<std::size_t>(n_run)), small) ? -1 : 0;
        absolute_.put(bits_, second_or_first_);
        const bool flagged = n_run != n_run_before_ || change != 0;
        if (flagged)
            bits_.put(static_cast<std::uint64_t>(32 + 3 * n_run + change + 1), 6);
        else
            bits_.put(0, 1);
        const std::uint32_t size = xtc_small_sizes[static_cast<std::size_t>(index_)];
        const Packing packing{{size, size, size}, index_};
        for (int k = 0; k < n_run; ++k) packing.put(bits_, run[static_cast<std::size_t>(k)]);
        index_ += change;
        n_run_before_ = n_run;
        return n_run + 1;
    }

    /// Steps of the atoms that follow the absolute one. Sets that, and the last atom.
    int find_run(Index i, Lanes first, const SmallSteps& small, std::array<Triple, most_run>& run) {
        second_or_first_ = last_ = first;
        if (i + 1 == points_.n) return 0;
        const Lanes second = points_[i + 1];
        Triple step = small.shifted(first, second);
        if (!small.hold(step)) return 0;
        second_or_first_ = second;
        int n = 0;
        for (;;) {
            run[static_cast<std::size_t>(n++)] = step;
            if (n == most_run || i + n + 1 == points_.n) return n;
            const Lanes next = points_[i + n + 1];
            step = small.shifted(next, last_);
            if (!small.hold(step)) return n;
            last_ = next;
        }
    }

    bool shrinks(std::span<const Triple> run, const SmallSteps& small) const {
        if (index_ == least_index_ || run.empty()) return false;
        const SmallSteps smaller(index_ - 1);
        return std::ranges::none_of(run, [&](Triple shifted) {
            return smaller.reached_by({shifted.x - small.half, shifted.y - small.half, shifted.z - small.half});
        });
    }

    const Points points_;
    const Absolute absolute_;
    BitStream bits_;
    int index_;
    const int most_index_, least_index_;
    const SmallSteps largest_;
    int n_run_before_ = -1;
    Lanes last_{}, second_or_first_{};
};

Index first_misfit(const Points& points) {
    for (Index i = 0;; ++i) {
        const Lanes fits = points.fit(points.scaled(i));
        if ((fits[0] & fits[1] & fits[2]) == 0) return i;
    }
}

}  // namespace

XtcSurvey survey_xtc(std::span<const Vec3> positions, float precision) {
    const Points points(positions, precision);
    FloatLanes lowest = points.scaled(0), highest = lowest;
    Lanes all_fit = Lanes{} - 1, nearest = Lanes{} + INT32_MAX;
    const auto take = [&](Index i) {
        const FloatLanes scaled = points.scaled(i);
        const Lanes fits = points.fit(scaled);
        all_fit &= fits;
        lowest = lowest < scaled ? lowest : scaled;
        highest = highest > scaled ? highest : scaled;
        return __builtin_convertvector(reinterpret_cast<FloatLanes>(reinterpret_cast<Lanes>(scaled) & fits), Lanes);
    };
    Lanes before = take(0);
    for (Index i = 1; i < points.n; ++i) {
        const Lanes at = take(i);
        const Lanes step = length(wrapping_difference(at, before));
        nearest = step < nearest ? step : nearest;
        before = at;
    }
    XtcSurvey survey;
    if ((all_fit[0] & all_fit[1] & all_fit[2]) == 0) return survey.misfit = first_misfit(points), survey;
    const auto low = __builtin_convertvector(lowest, Lanes), high = __builtin_convertvector(highest, Lanes);
    survey.lowest = {low[0], low[1], low[2]};
    survey.highest = {high[0], high[1], high[2]};
    const auto reaches = [&](int index) {
        return static_cast<std::int32_t>(xtc_small_sizes[static_cast<std::size_t>(index)]) >= nearest[0];
    };
    survey.small_index = least_small_index;
    while (survey.small_index < most_small_index && !reaches(survey.small_index)) ++survey.small_index;
    return survey;
}

Index append_xtc_stream(std::span<const Vec3> positions, float precision, const XtcSurvey& survey, Bytes& out) {
    return StreamWriter(Points(positions, precision), survey, out).write();
}

}  // namespace mdloom::writers
