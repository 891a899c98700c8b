#include "mdloom/kernels/coordinate_sums.hpp"

#include <bit>
#include <cstring>

#include "mdloom/kernels/lanes.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mdloom::kernels {
namespace {

constexpr double to_grid = 0x1.8p12;  // x + to_grid is a multiple of 2^-40
constexpr int m_bits = 52;
constexpr std::uint64_t m_mask = (std::uint64_t{1} << m_bits) - 1;
constexpr auto zero_bits = std::bit_cast<std::uint64_t>(to_grid);

void add_zeros(RunningSums& sums, std::size_t n_frames) {
    for (std::size_t i = 0; i < summed_width; ++i) {
        sums.bits[i] += n_frames * zero_bits;
        sums.high[i] += n_frames << 50;
    }
}

/// For each level: adds whole RunningSums from first on until one is not near; gives its place, or n.
std::size_t add_portable(std::span<const float* const> frames, std::size_t n, std::size_t first, RunningSums* sums) {
    for (; first < n; ++first) {
        RunningSums grown = sums[first];
        std::uint64_t others = 0;
        for (std::size_t i = 0; i < summed_width; ++i) {
            UInt128 squares = 0;
            for (const float* frame : frames) {
                const double on_grid = static_cast<double>(frame[first * summed_width + i]) + to_grid;
                const auto x = std::bit_cast<std::uint64_t>(on_grid), m = x & m_mask;
                grown.bits[i] += x;
                squares += UInt128{m} * m;
                others |= x ^ zero_bits;
            }
            grown.low[i] += static_cast<std::uint64_t>(squares) & m_mask;
            grown.high[i] += static_cast<std::uint64_t>(squares >> m_bits);
        }
        if (others > m_mask) break;
        sums[first] = grown;
    }
    return first;
}

#if defined(__x86_64__)
typedef std::uint32_t FloatBits __attribute__((vector_size(4 * summed_width)));

/// `at`: of the first of summed_width coordinates. Bits are compared, as integers: those of no number are beyond.
MDLOOM_INLINE bool are_near(std::span<const float* const> frames, std::size_t at) {
    FloatBits most{};
    for (const float* frame : frames) {
        FloatBits x;
        std::memcpy(&x, frame + at, sizeof x);
        x &= 0x7fffffffu;
        most = x > most ? x : most;
    }
    const FloatBits beyond = (std::bit_cast<std::uint32_t>(0x1p11f) - 1) - most;  // its highest bit
    std::array<std::uint64_t, summed_width / 2> pairs;
    std::memcpy(pairs.data(), &beyond, sizeof beyond);
    return ((pairs[0] | pairs[1] | pairs[2] | pairs[3]) & 0x8000000080000000u) == 0;
}

/// Four coordinates in products of 32 bits: m = 2^26 h + l.
MDLOOM_TARGET_AVX2 inline void add_four(std::span<const float* const> frames, std::size_t at, std::uint64_t* bits_sum,
                                        std::uint64_t* low_sum, std::uint64_t* high_sum) {
    const auto add = [](__m256i more, std::uint64_t* to) MDLOOM_TARGET_AVX2 {
        auto* const place = reinterpret_cast<__m256i*>(to);
        _mm256_store_si256(place, _mm256_add_epi64(_mm256_load_si256(place), more));
    };
    const __m256i half = _mm256_set1_epi64x((1 << 26) - 1);
    __m256i bits = _mm256_setzero_si256(), hh = bits, hl = bits, ll = bits;
    for (const float* frame : frames) {
        const Lanes<4> on_grid = detail::widen<4>(frame + at) + to_grid;
        const auto x = reinterpret_cast<__m256i>(on_grid);
        const __m256i l = _mm256_and_si256(x, half), h = _mm256_and_si256(_mm256_srli_epi64(x, 26), half);
        bits = _mm256_add_epi64(bits, x);
        hh = _mm256_add_epi64(hh, _mm256_mul_epu32(h, h));
        hl = _mm256_add_epi64(hl, _mm256_mul_epu32(h, l));
        ll = _mm256_add_epi64(ll, _mm256_mul_epu32(l, l));
    }
    const __m256i middle = _mm256_add_epi64(hl, hl);
    add(bits, bits_sum);
    add(_mm256_add_epi64(ll, _mm256_slli_epi64(_mm256_and_si256(middle, half), 26)), low_sum);
    add(_mm256_add_epi64(hh, _mm256_srli_epi64(middle, 26)), high_sum);
}

MDLOOM_TARGET_AVX2 std::size_t add_avx2(std::span<const float* const> frames, std::size_t n, std::size_t first,
                                        RunningSums* sums) {
    for (; first < n && are_near(frames, first * summed_width); ++first)
        for (std::size_t i = 0; i < summed_width; i += 4)
            add_four(frames, first * summed_width + i, &sums[first].bits[i], &sums[first].low[i], &sums[first].high[i]);
    return first;
}

/// The two halves of m^2 are what multiply-adds of 52 bits are made for: five instructions for eight coordinates.
#define MDLOOM_TARGET_IFMA \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512ifma,avx2,fma,prefer-vector-width=512")))
MDLOOM_TARGET_IFMA std::size_t add_ifma(std::span<const float* const> frames, std::size_t n, std::size_t first,
                                        RunningSums* sums) {
    const __m512i zero = _mm512_set1_epi64(zero_bits), beyond_m = _mm512_set1_epi64(~m_mask);
    for (; first < n; ++first) {
        RunningSums& to = sums[first];
        __m512i bits = _mm512_load_si512(&to.bits), low = _mm512_load_si512(&to.low),
                high = _mm512_load_si512(&to.high), others = _mm512_setzero_si512();
        for (const float* frame : frames) {
            const Lanes<8> on_grid = detail::widen<8>(frame + first * summed_width) + to_grid;
            const auto m = reinterpret_cast<__m512i>(on_grid);  // products leave out the higher bits
            bits = _mm512_add_epi64(bits, m);
            low = _mm512_madd52lo_epu64(low, m, m);
            high = _mm512_madd52hi_epu64(high, m, m);
            others = _mm512_ternarylogic_epi64(others, m, zero, 0xf6);  // others | (m ^ zero)
        }
        if (_mm512_test_epi64_mask(others, beyond_m) != 0) break;
        _mm512_store_si512(&to.bits, bits);
        _mm512_store_si512(&to.low, low);
        _mm512_store_si512(&to.high, high);
    }
    return first;
}

/// Simd::avx512 does not promise it: it came later (Ice Lake, Zen 4).
bool has_ifma() noexcept {
    static const bool has = __builtin_cpu_supports("avx512ifma");
    return has;
}
#endif

std::size_t add_whole(std::span<const float* const> frames, std::size_t n, std::size_t first, RunningSums* sums,
                      Simd level) {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return has_ifma() ? add_ifma(frames, n, first, sums) : add_avx2(frames, n, first, sums);
        case Simd::avx2:
            return add_avx2(frames, n, first, sums);
#endif
        default:
            return add_portable(frames, n, first, sums);
    }
}

}  // namespace

std::size_t add_coordinates(std::span<const float* const> frames, std::size_t n, std::size_t first, RunningSums* sums,
                            Simd level) noexcept {
    const std::size_t n_whole = n / summed_width, n_rest = n % summed_width, n_sums = n_whole + (n_rest > 0 ? 1 : 0);
    std::size_t at = add_whole(frames, n_whole, first, sums, level);
    if (at == n_whole && at < n_sums) {
        std::array<std::array<float, summed_width>, most_frames_at_once> rests{};
        std::array<const float*, most_frames_at_once> places{};
        for (std::size_t i = 0; i < frames.size(); ++i) {
            std::memcpy(rests[i].data(), frames[i] + n_whole * summed_width, n_rest * sizeof(float));
            places[i] = rests[i].data();
        }
        at += add_whole(std::span(places).first(frames.size()), 1, 0, sums + at, level);
    }
    if (at < n_sums) add_zeros(sums[at], frames.size());
    return at;
}

std::array<ExactSums, summed_width> exact_sums(const RunningSums& sums, std::size_t n_frames) noexcept {
    std::array<ExactSums, summed_width> exact;
    for (std::size_t i = 0; i < summed_width; ++i) {
        const auto sum = static_cast<std::int64_t>(sums.bits[i] - n_frames * zero_bits);
        // sum of m^2 = sum of x^2 + 2^52 sum of x + 2^102 of each frame, modulo 2^128
        const UInt128 of_m = (UInt128{sums.high[i]} << m_bits) + sums.low[i];
        exact[i] = {sum, of_m - (static_cast<UInt128>(Int128{sum}) << m_bits) - (UInt128{n_frames} << 102)};
    }
    return exact;
}

}  // namespace mdloom::kernels
