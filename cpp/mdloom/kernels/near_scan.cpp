#include "mdloom/kernels/near_scan.hpp"

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
void scan_portable(const SortedAtoms& atoms, std::span<const PlaceRun, 4> runs, const float* at, float limit,
                   NearList& near) {
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

/// s |s| <= cosine d^2 + margin, from the point's distance and how far along the leg an atom is.
bool is_straight(float along, float square, const Leg& leg) {
    const float away = along - leg.square, end = square + leg.square - 2 * along;
    return -away * std::abs(away) <= leg.cosine * end + leg.margin;
}

std::size_t straight_portable(NearList& near, std::span<const Leg> legs, const Distances& distances, Straight* found) {
    std::size_t n = 0;
    near.n_close = 0;
    for (std::size_t i = 0; i < near.n; ++i) {
        const float x = near.x[i], y = near.y[i], z = near.z[i], square = x * x + y * y + z * z;
        if (square <= distances.close) near.close[near.n_close++] = static_cast<std::uint32_t>(i);
        if (!(square >= distances.least && square <= distances.most)) continue;
        for (std::size_t leg = 0; leg < legs.size(); ++leg)
            if (is_straight(x * legs[leg].x + y * legs[leg].y + z * legs[leg].z, square, legs[leg]))
                found[n++] = {static_cast<std::uint32_t>(leg), near.atom[i]};
    }
    return n;
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

MDLOOM_TARGET_AVX2 void scan_avx2(const SortedAtoms& atoms, std::span<const PlaceRun, 4> runs, const float* at,
                                  float limit, NearList& near) {
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

/// Which of eight atoms, seen at x, y, z and a squared distance, perhaps make an angle with a leg.
MDLOOM_TARGET_AVX2 inline __m256 are_straight(__m256 x, __m256 y, __m256 z, __m256 square, const Leg& leg) {
    const __m256 along = _mm256_fmadd_ps(
        z, _mm256_set1_ps(leg.z), _mm256_fmadd_ps(y, _mm256_set1_ps(leg.y), _mm256_mul_ps(x, _mm256_set1_ps(leg.x))));
    const __m256 own = _mm256_set1_ps(leg.square), away = _mm256_sub_ps(along, own);
    const __m256 end = _mm256_fnmadd_ps(_mm256_set1_ps(2), along, _mm256_add_ps(square, own));
    // -away |away| <= cosine end + margin
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.F), away);
    const __m256 above = _mm256_fmadd_ps(_mm256_set1_ps(leg.cosine), end, _mm256_set1_ps(leg.margin));
    return _mm256_cmp_ps(_mm256_fmadd_ps(away, size, above), _mm256_setzero_ps(), _CMP_GE_OQ);
}

MDLOOM_TARGET_AVX2 std::size_t straight_avx2(NearList& near, std::span<const Leg> legs, const Distances& distances,
                                             Straight* found) {
    const __m256 least = _mm256_set1_ps(distances.least), most = _mm256_set1_ps(distances.most),
                 close = _mm256_set1_ps(distances.close);
    const float *const xs = near.x.data(), *const ys = near.y.data(), *const zs = near.z.data();
    const std::uint32_t* const atoms = near.atom.data();
    std::uint32_t* const to_close = near.close.data();
    const std::size_t n_near = near.n, n_legs = legs.size();
    std::size_t n_close = 0, n = 0;
    for (std::size_t k = 0; k < n_near; k += 8) {
        const __m256 x = _mm256_loadu_ps(xs + k), y = _mm256_loadu_ps(ys + k), z = _mm256_loadu_ps(zs + k);
        const __m256 square = _mm256_fmadd_ps(z, z, _mm256_fmadd_ps(y, y, _mm256_mul_ps(x, x)));
        const unsigned here = first_lanes(n_near - k);
        const unsigned are_close = mask_of(_mm256_cmp_ps(square, close, _CMP_LE_OQ)) & here;
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_close + n_close),
                            _mm256_add_epi32(lanes_set_in(are_close), _mm256_set1_epi32(static_cast<int>(k))));
        n_close += static_cast<std::size_t>(__builtin_popcount(are_close));
        const unsigned in_reach = here & mask_of(_mm256_and_ps(_mm256_cmp_ps(square, least, _CMP_GE_OQ),
                                                               _mm256_cmp_ps(square, most, _CMP_LE_OQ)));
        for (std::size_t leg = 0; leg < n_legs; ++leg)
            for (unsigned mask = in_reach & mask_of(are_straight(x, y, z, square, legs.data()[leg])); mask != 0;
                 mask &= mask - 1)
                found[n++] = {static_cast<std::uint32_t>(leg), atoms[k + usize(__builtin_ctz(mask))]};
    }
    near.n_close = n_close;
    return n;
}

#endif

}  // namespace

void scan_runs(const SortedAtoms& atoms, std::span<const PlaceRun, 4> runs, const float* at, float limit,
               NearList& near, Simd level) noexcept {
#if defined(__x86_64__)
    if (level >= Simd::avx2) return scan_avx2(atoms, runs, at, limit, near);
#endif
    static_cast<void>(level);
    scan_portable(atoms, runs, at, limit, near);
}

std::size_t find_straight(NearList& near, std::span<const Leg> legs, const Distances& distances, Straight* found,
                          Simd level) noexcept {
#if defined(__x86_64__)
    if (level >= Simd::avx2) return straight_avx2(near, legs, distances, found);
#endif
    static_cast<void>(level);
    return straight_portable(near, legs, distances, found);
}

}  // namespace mdloom::kernels
