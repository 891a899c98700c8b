#include "mdloom/kernels/straight_scan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mdloom/base/index.hpp"
#include "mdloom/kernels/lanes.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mdloom::kernels {
namespace {

/// Adds what a further look around a point found.
void add_atom(std::uint32_t atom, StraightAtoms& to, std::vector<std::uint32_t>& more) {
    if (to.n < StraightAtoms::usual) {
        std::uint32_t* const stop = to.atom.data() + to.n++;
        *stop = atom;
        std::inplace_merge(to.atom.data(), stop, stop + 1);
        return;
    }
    if (to.n == StraightAtoms::usual || to.atom[0] + to.n != more.size()) {  // to the end, where more may follow
        const std::vector<std::uint32_t> others =
            to.n == StraightAtoms::usual
                ? std::vector<std::uint32_t>(to.atom.begin(), to.atom.end())
                : std::vector<std::uint32_t>(more.begin() + to.atom[0], more.begin() + to.atom[0] + to.n);
        to.atom[0] = static_cast<std::uint32_t>(more.size());
        more.insert(more.end(), others.begin(), others.end());
    }
    more.push_back(atom);
    ++to.n;
    std::inplace_merge(more.begin() + to.atom[0], more.end() - 1, more.end());
}

void straight_portable(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own, const std::uint32_t* first_leg,
                       std::span<const Leg> legs, const Angles& angles, StraightList& found) {
    const float *const xs = atoms.x.data(), *const ys = atoms.y.data(), *const zs = atoms.z.data();
    for (std::uint32_t place = own.first; place < own.stop; ++place) {
        const std::uint32_t atom = atoms.atom[place], first = first_leg[atom], stop = first_leg[atom + 1];
        if (first == stop && angles.close < 0) continue;
        for (std::uint32_t leg = first; leg < stop; ++leg) found.of_leg[leg] = {};
        std::size_t n_close = 0;
        for (const PlaceRun& run : cells.runs_from(atoms.corner[place], cells.along))
            for (std::uint32_t k = run.first; k < run.stop; ++k) {
                const float x = xs[k] - xs[place], y = ys[k] - ys[place], z = zs[k] - zs[place],
                            square = x * x + y * y + z * z;
                n_close += static_cast<std::size_t>(square <= angles.close);
                if (!(square >= angles.least && square <= angles.most)) continue;
                for (std::uint32_t i = first; i < stop; ++i) {
                    const Leg& leg = legs[i];
                    const float behind = x * leg.x + y * leg.y + z * leg.z - leg.length;
                    if (behind * std::abs(behind) + (angles.slope * square + angles.rest) >= 0)
                        add_atom(atoms.atom[k], found.of_leg[i], found.more);
                }
            }
        if (n_close > 1) found.crowded.push_back(atom);
    }
}

#if defined(__x86_64__)

/// The first n of eight lanes.
MDLOOM_INLINE unsigned first_lanes(std::uint32_t n) {
    return (1U << std::min(n, 8U)) - 1;
}

MDLOOM_TARGET_AVX2 inline unsigned mask_of(__m256 lanes) {
    return static_cast<unsigned>(_mm256_movemask_ps(lanes));
}

/// Eight atoms as they are seen from a point, and slope v^2 + rest: far below 0 of those that are not within reach.
struct Seen {
    __m256 x, y, z, others;
};

/// From where, and for what, atoms are looked at.
struct Look {
    __m256 x, y, z, least, most, close, slope, rest;
    __m256i n_close;
};

/// Ones in the first n lanes: from 8 - n on.
alignas(64) constexpr std::int32_t lanes_from[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

/// n atoms of up to eight. What lies behind them may be counted as close: too often rather than not.
MDLOOM_TARGET_AVX2 inline void see(const SortedAtoms& atoms, std::size_t from, std::size_t n, Look& look, Seen& seen) {
    const __m256 dx = _mm256_sub_ps(_mm256_loadu_ps(atoms.x.data() + from), look.x),
                 dy = _mm256_sub_ps(_mm256_loadu_ps(atoms.y.data() + from), look.y),
                 dz = _mm256_sub_ps(_mm256_loadu_ps(atoms.z.data() + from), look.z);
    const __m256 square = _mm256_fmadd_ps(dz, dz, _mm256_fmadd_ps(dy, dy, _mm256_mul_ps(dx, dx)));
    const __m256 here = _mm256_loadu_ps(reinterpret_cast<const float*>(lanes_from + 8 - n));
    const __m256 in_reach = _mm256_and_ps(_mm256_and_ps(_mm256_cmp_ps(square, look.least, _CMP_GE_OQ), here),
                                          _mm256_cmp_ps(square, look.most, _CMP_LE_OQ));
    look.n_close = _mm256_sub_epi32(look.n_close, _mm256_castps_si256(_mm256_cmp_ps(square, look.close, _CMP_LE_OQ)));
    seen = {dx, dy, dz,
            _mm256_blendv_ps(_mm256_set1_ps(-1e38F), _mm256_fmadd_ps(look.slope, square, look.rest), in_reach)};
}

MDLOOM_TARGET_AVX2 inline bool is_crowded(__m256i n_close) {
    const unsigned some = mask_of(_mm256_castsi256_ps(_mm256_cmpgt_epi32(n_close, _mm256_setzero_si256()))),
                   several = mask_of(_mm256_castsi256_ps(_mm256_cmpgt_epi32(n_close, _mm256_set1_epi32(1))));
    return (some & (some - 1)) != 0 || several != 0;
}

/// Which of eight atoms perhaps make an angle with a leg.
MDLOOM_TARGET_AVX2 inline unsigned are_straight(const Seen& seen, const Leg& leg) {
    const __m256 across = _mm256_fmadd_ps(seen.y, _mm256_set1_ps(leg.y),
                                          _mm256_fmsub_ps(seen.x, _mm256_set1_ps(leg.x), _mm256_set1_ps(leg.length)));
    const __m256 behind = _mm256_fmadd_ps(seen.z, _mm256_set1_ps(leg.z), across);
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.F), behind);
    return mask_of(_mm256_fmadd_ps(behind, size, seen.others)) ^ 0xFFU;
}

/// The lanes of all runs: run r from bit 8 r.
constexpr std::size_t n_bits = 64;

/// Of a leg: the atoms whose bits are set. Without a branch that the CPU must guess, up to two.
MDLOOM_INLINE void put_atoms(std::uint64_t mask, const std::uint32_t* atoms, const std::uint32_t* from,
                             StraightAtoms& to, std::vector<std::uint32_t>& more) {
    const auto next = [&] {
        const auto bit = static_cast<unsigned>(__builtin_ctzll(mask | std::uint64_t{1} << 63));
        mask &= mask - 1;
        return atoms[from[bit / 8] + bit % 8];
    };
    const int n = __builtin_popcountll(mask);
    const std::uint32_t one = next(), next_one = next(), other = n > 1 ? next_one : one;
    to = {static_cast<std::uint32_t>(std::min(n, 2)), {std::min(one, other), std::max(one, other), 0}};
    for (int i = 2; __builtin_expect(static_cast<long>(i < n), 0) != 0; ++i) add_atom(next(), to, more);
}

MDLOOM_TARGET_AVX2 inline std::uint64_t are_straight(const Seen* seen, std::size_t n, const Leg& leg) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < n; ++i) mask |= std::uint64_t{are_straight(seen[i], leg)} << (8 * i);
    return mask;
}

MDLOOM_TARGET_AVX2 inline Look look_from(const SortedAtoms& atoms, std::size_t place, const Angles& angles) {
    return {_mm256_set1_ps(atoms.x.data()[place]),
            _mm256_set1_ps(atoms.y.data()[place]),
            _mm256_set1_ps(atoms.z.data()[place]),
            _mm256_set1_ps(angles.least),
            _mm256_set1_ps(angles.most),
            _mm256_set1_ps(angles.close),
            _mm256_set1_ps(angles.slope),
            _mm256_set1_ps(angles.rest),
            _mm256_setzero_si256()};
}

MDLOOM_TARGET_AVX2 inline int sum_of(__m256i lanes) {
    std::array<int, 8> each;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(each.data()), lanes);
    return std::accumulate(each.begin(), each.end(), 0);
}

/// What the first eight lanes of each run had no room for. How many are close, perhaps some too many.
MDLOOM_TARGET_AVX2 __attribute__((noinline)) int look_further(const SortedAtoms& atoms, const Runs& runs,
                                                              std::size_t place, std::span<const Leg> legs,
                                                              const Angles& angles, StraightAtoms* of_leg,
                                                              std::vector<std::uint32_t>& more) {
    Look look = look_from(atoms, place, angles);
    Seen seen;
    for (const PlaceRun& run : runs)
        for (std::uint32_t from = run.first + 8; from < run.stop; from += 8) {
            see(atoms, from, std::min(run.stop - from, 8U), look, seen);
            for (std::size_t leg = 0; leg < legs.size(); ++leg)
                for (unsigned mask = are_straight(seen, legs[leg]); mask != 0; mask &= mask - 1)
                    add_atom(atoms.atom[from + usize(__builtin_ctz(mask))], of_leg[leg], more);
        }
    return sum_of(look.n_close);
}

MDLOOM_TARGET_AVX2 void straight_avx2(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own,
                                      const std::uint32_t* first_leg, std::span<const Leg> legs, const Angles& angles,
                                      StraightList& found) {
    const std::uint32_t *const numbers = atoms.atom.data(), *const corners = atoms.corner.data();
    StraightAtoms* const of_leg = found.of_leg.data();
    std::uint32_t seen_from[n_bits / 8] = {};
    for (std::uint32_t place = own.first; place < own.stop; ++place) {
        const std::uint32_t atom = numbers[place], first = first_leg[atom], stop = first_leg[atom + 1];
        if (first == stop && angles.close < 0) continue;
        Look look = look_from(atoms, place, angles);
        const Runs runs = cells.runs_from(corners[place], cells.along);
        Seen seen[n_runs];
        std::size_t longest = 0;
        for (std::size_t r = 0; r < n_runs; ++r) {
            const std::size_t n = runs[r].stop - runs[r].first;
            longest = std::max(longest, n);
            see(atoms, runs[r].first, std::min(n, std::size_t{8}), look, seen[r]);
            seen_from[r] = runs[r].first;
        }
        for (std::uint32_t leg = first; leg < stop; ++leg) {
            std::uint64_t mask = 0;
            for (std::size_t r = 0; r < n_runs; ++r)
                mask |= std::uint64_t{are_straight(seen[r], legs.data()[leg])} << (8 * r);
            put_atoms(mask, numbers, seen_from, of_leg[leg], found.more);
        }
        bool crowded = is_crowded(look.n_close);
        if (longest > 8)
            crowded = sum_of(look.n_close) + look_further(atoms, runs, place, legs.subspan(first, stop - first), angles,
                                                          of_leg + first, found.more) >
                      1;
        if (crowded) found.crowded.push_back(atom);
    }
}

/// Sixteen atoms, of two runs, as they are seen from a point; which of them are within reach.
struct SeenPair {
    __m512 x, y, z, others;
    __mmask16 in_reach;
};

struct LookPair {
    __m512 x, y, z;
    int n_close;
};

MDLOOM_TARGET_AVX512 inline __m512 load_pair(const float* values, std::size_t first, std::size_t second) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(values + first)), _mm256_loadu_ps(values + second),
                              1);
}

/// Up to eight atoms of each run.
MDLOOM_TARGET_AVX512 inline void see_pair(const SortedAtoms& atoms, const PlaceRun& first, const PlaceRun& second,
                                          const Angles& angles, LookPair& look, SeenPair& seen) {
    seen.x = _mm512_sub_ps(load_pair(atoms.x.data(), first.first, second.first), look.x);
    seen.y = _mm512_sub_ps(load_pair(atoms.y.data(), first.first, second.first), look.y);
    seen.z = _mm512_sub_ps(load_pair(atoms.z.data(), first.first, second.first), look.z);
    const __m512 square =
        _mm512_fmadd_ps(seen.z, seen.z, _mm512_fmadd_ps(seen.y, seen.y, _mm512_mul_ps(seen.x, seen.x)));
    const auto here =
        static_cast<__mmask16>(first_lanes(first.stop - first.first) | first_lanes(second.stop - second.first) << 8);
    const __mmask16 beyond_least = _mm512_mask_cmp_ps_mask(here, square, _mm512_set1_ps(angles.least), _CMP_GE_OQ);
    seen.in_reach = _mm512_mask_cmp_ps_mask(beyond_least, square, _mm512_set1_ps(angles.most), _CMP_LE_OQ);
    seen.others = _mm512_fmadd_ps(_mm512_set1_ps(angles.slope), square, _mm512_set1_ps(angles.rest));
    look.n_close += __builtin_popcount(_mm512_mask_cmp_ps_mask(here, square, _mm512_set1_ps(angles.close), _CMP_LE_OQ));
}

MDLOOM_TARGET_AVX512 inline std::uint64_t are_straight(const SeenPair& seen, const Leg& leg) {
    const __m512 across = _mm512_fmadd_ps(seen.y, _mm512_set1_ps(leg.y),
                                          _mm512_fmsub_ps(seen.x, _mm512_set1_ps(leg.x), _mm512_set1_ps(leg.length)));
    const __m512 behind = _mm512_fmadd_ps(seen.z, _mm512_set1_ps(leg.z), across);
    return _mm512_mask_cmp_ps_mask(seen.in_reach, _mm512_fmadd_ps(behind, _mm512_abs_ps(behind), seen.others),
                                   _mm512_setzero_ps(), _CMP_GE_OQ);
}

/// Two runs in one register: half as many instructions, which is what limits this.
MDLOOM_TARGET_AVX512 void straight_avx512(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own,
                                          const std::uint32_t* first_leg, std::span<const Leg> legs,
                                          const Angles& angles, StraightList& found) {
    const std::uint32_t *const numbers = atoms.atom.data(), *const corners = atoms.corner.data();
    StraightAtoms* const of_leg = found.of_leg.data();
    std::uint32_t seen_from[n_bits / 8] = {};
    for (std::uint32_t place = own.first; place < own.stop; ++place) {
        const std::uint32_t atom = numbers[place], first = first_leg[atom], stop = first_leg[atom + 1];
        if (first == stop && angles.close < 0) continue;
        LookPair look{_mm512_set1_ps(atoms.x.data()[place]), _mm512_set1_ps(atoms.y.data()[place]),
                      _mm512_set1_ps(atoms.z.data()[place]), 0};
        const Runs runs = cells.runs_from(corners[place], cells.along);
        SeenPair seen[n_runs / 2];
        std::uint32_t longest = 0;
        for (std::size_t r = 0; r < n_runs; ++r) {
            longest = std::max(longest, runs[r].stop - runs[r].first);
            seen_from[r] = runs[r].first;
        }
        for (std::size_t i = 0; i < n_runs / 2; ++i)
            see_pair(atoms, runs[2 * i], runs[2 * i + 1], angles, look, seen[i]);
        for (std::uint32_t leg = first; leg < stop; ++leg) {
            const Leg& one = legs.data()[leg];
            const std::uint64_t mask =
                are_straight(seen[0], one) | are_straight(seen[1], one) << 16 | are_straight(seen[2], one) << 32;
            put_atoms(mask, numbers, seen_from, of_leg[leg], found.more);
        }
        if (longest > 8)
            look.n_close +=
                look_further(atoms, runs, place, legs.subspan(first, stop - first), angles, of_leg + first, found.more);
        if (look.n_close > 1) found.crowded.push_back(atom);
    }
}

#endif

}  // namespace

void find_straight(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own, const std::uint32_t* first_leg,
                   std::span<const Leg> legs, const Angles& angles, StraightList& found, Simd level) {
#if defined(__x86_64__)
    if (level == Simd::avx512) return straight_avx512(atoms, cells, own, first_leg, legs, angles, found);
    if (level == Simd::avx2) return straight_avx2(atoms, cells, own, first_leg, legs, angles, found);
#endif
    static_cast<void>(level);
    straight_portable(atoms, cells, own, first_leg, legs, angles, found);
}

}  // namespace mdloom::kernels
