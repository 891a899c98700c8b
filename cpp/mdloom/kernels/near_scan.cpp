#include "mdloom/kernels/near_scan.hpp"

#include <algorithm>
#include <cmath>

#include "mdloom/base/index.hpp"
#include "mdloom/kernels/lanes.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include "mdloom/kernels/lanes_of_mask.hpp"
#endif

namespace mdloom::kernels {
namespace {

/// Every candidate is written, and kept only when it counts: no branch that the CPU must guess.
void scan_portable(const SortedAtoms& atoms, const Runs& runs, const float* at, float limit, NearList& near) {
    const float *const x = atoms.x.data(), *const y = atoms.y.data(), *const z = atoms.z.data();
    const std::uint32_t* const atom = atoms.atom.data();
    float *const to_x = near.x.data(), *const to_y = near.y.data(), *const to_z = near.z.data();
    std::uint32_t* const to = near.atom.data();
    std::size_t n = 0;
    for (const PlaceRun& run : runs)
        for (std::size_t k = run.first; k < run.stop; ++k) {
            const float dx = x[k] - at[0], dy = y[k] - at[1], dz = z[k] - at[2];
            to_x[n] = dx, to_y[n] = dy, to_z[n] = dz, to[n] = atom[k];
            n += static_cast<std::size_t>(dx * dx + dy * dy + dz * dz <= limit);
        }
    near.n = n;
}

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

// Eight at a time and with AVX2 alone: runs are about as long, and so is what is near a point in water. AVX-512, which
// packs without a table, was no faster (0.65 to 0.77 ms for 11,000 oxygens, 0.67 with AVX2).

/// The first n of eight lanes.
MDLOOM_INLINE unsigned first_lanes(std::size_t n) {
    return n >= 8 ? 0xFFU : (1U << n) - 1;
}

MDLOOM_TARGET_AVX2 inline __m256i lanes_set_in(unsigned mask) {
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(lanes_of_mask[mask])));
}

MDLOOM_TARGET_AVX2 inline unsigned mask_of(__m256 lanes) {
    return static_cast<unsigned>(_mm256_movemask_ps(lanes));
}

MDLOOM_TARGET_AVX2 void scan_avx2(const SortedAtoms& atoms, const Runs& runs, const float* at, float limit,
                                  NearList& near) {
    const __m256 x = _mm256_set1_ps(at[0]), y = _mm256_set1_ps(at[1]), z = _mm256_set1_ps(at[2]);
    const __m256 limits = _mm256_set1_ps(limit);
    const float *const xs = atoms.x.data(), *const ys = atoms.y.data(), *const zs = atoms.z.data();
    const std::uint32_t* const numbers = atoms.atom.data();
    float *const to_x = near.x.data(), *const to_y = near.y.data(), *const to_z = near.z.data();
    std::uint32_t* const to = near.atom.data();
    std::size_t n = 0;
    for (const PlaceRun& run : runs)
        for (std::size_t k = run.first; k < run.stop; k += 8) {
            const __m256 dx = _mm256_sub_ps(_mm256_loadu_ps(xs + k), x), dy = _mm256_sub_ps(_mm256_loadu_ps(ys + k), y),
                         dz = _mm256_sub_ps(_mm256_loadu_ps(zs + k), z);
            const __m256 square = _mm256_fmadd_ps(dz, dz, _mm256_fmadd_ps(dy, dy, _mm256_mul_ps(dx, dx)));
            const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(numbers + k));
            const unsigned mask = mask_of(_mm256_cmp_ps(square, limits, _CMP_LE_OQ)) & first_lanes(run.stop - k);
            const __m256i lanes = lanes_set_in(mask);
            _mm256_storeu_ps(to_x + n, _mm256_permutevar8x32_ps(dx, lanes));
            _mm256_storeu_ps(to_y + n, _mm256_permutevar8x32_ps(dy, lanes));
            _mm256_storeu_ps(to_z + n, _mm256_permutevar8x32_ps(dz, lanes));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + n), _mm256_permutevar8x32_epi32(here, lanes));
            n += static_cast<std::size_t>(__builtin_popcount(mask));
        }
    near.n = n;
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
MDLOOM_INLINE void put_atoms(std::uint64_t mask, const std::uint32_t* const* atoms, StraightAtoms& to,
                             std::vector<std::uint32_t>& more) {
    const auto next = [&] {
        const auto bit = static_cast<unsigned>(__builtin_ctzll(mask | std::uint64_t{1} << 63));
        mask &= mask - 1;
        return atoms[bit / 8][bit % 8];
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

/// What the first eight lanes of each run had no room for.
MDLOOM_TARGET_AVX2 __attribute__((noinline)) void look_further(const SortedAtoms& atoms, const Runs& runs,
                                                               std::span<const Leg> legs, Look& look,
                                                               StraightAtoms* of_leg,
                                                               std::vector<std::uint32_t>& more) {
    Seen seen;
    for (const PlaceRun& run : runs)
        for (std::uint32_t from = run.first + 8; from < run.stop; from += 8) {
            see(atoms, from, std::min(run.stop - from, 8U), look, seen);
            for (std::size_t leg = 0; leg < legs.size(); ++leg)
                for (unsigned mask = are_straight(seen, legs[leg]); mask != 0; mask &= mask - 1)
                    add_atom(atoms.atom[from + usize(__builtin_ctz(mask))], of_leg[leg], more);
        }
}

MDLOOM_TARGET_AVX2 void straight_avx2(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own,
                                      const std::uint32_t* first_leg, std::span<const Leg> legs, const Angles& angles,
                                      StraightList& found) {
    Look look{{},
              {},
              {},
              _mm256_set1_ps(angles.least),
              _mm256_set1_ps(angles.most),
              _mm256_set1_ps(angles.close),
              _mm256_set1_ps(angles.slope),
              _mm256_set1_ps(angles.rest),
              {}};
    const std::uint32_t *const numbers = atoms.atom.data(), *const corners = atoms.corner.data();
    Seen seen[n_runs];
    const std::uint32_t* seen_numbers[n_bits / 8] = {};
    seen_numbers[n_bits / 8 - 1] = numbers;  // what no bit asks for
    for (std::uint32_t place = own.first; place < own.stop; ++place) {
        const std::uint32_t atom = numbers[place], first = first_leg[atom], stop = first_leg[atom + 1];
        if (first == stop && angles.close < 0) continue;
        look.x = _mm256_set1_ps(atoms.x.data()[place]), look.y = _mm256_set1_ps(atoms.y.data()[place]);
        look.z = _mm256_set1_ps(atoms.z.data()[place]), look.n_close = _mm256_setzero_si256();
        const Runs runs = cells.runs_from(corners[place], cells.along);
        std::size_t longest = 0;
        for (std::size_t r = 0; r < n_runs; ++r) {
            const std::size_t from = runs[r].first, n = runs[r].stop - from;
            longest = std::max(longest, n);
            see(atoms, from, std::min(n, std::size_t{8}), look, seen[r]);
            seen_numbers[r] = numbers + from;
        }
        StraightAtoms* const of_leg = found.of_leg.data();
        for (std::uint32_t leg = first; leg < stop; ++leg)
            put_atoms(are_straight(seen, n_runs, legs.data()[leg]), seen_numbers, of_leg[leg], found.more);
        if (longest > 8) look_further(atoms, runs, legs.subspan(first, stop - first), look, of_leg + first, found.more);
        if (is_crowded(look.n_close)) found.crowded.push_back(atom);
    }
}

#endif

}  // namespace

void scan_runs(const SortedAtoms& atoms, const Runs& runs, const float* at, float limit, NearList& near,
               Simd level) noexcept {
#if defined(__x86_64__)
    if (level >= Simd::avx2) return scan_avx2(atoms, runs, at, limit, near);
#endif
    static_cast<void>(level);
    scan_portable(atoms, runs, at, limit, near);
}

void find_straight(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own, const std::uint32_t* first_leg,
                   std::span<const Leg> legs, const Angles& angles, StraightList& found, Simd level) {
#if defined(__x86_64__)
    if (level >= Simd::avx2) return straight_avx2(atoms, cells, own, first_leg, legs, angles, found);
#endif
    static_cast<void>(level);
    straight_portable(atoms, cells, own, first_leg, legs, angles, found);
}

}  // namespace mdloom::kernels
