#include "mdloom/kernels/soft_contacts.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include "mdloom/kernels/exponential_of.hpp"

namespace mdloom::kernels {
namespace {

constexpr double most = 708;  // e to that and its inverse are ordinary numbers; 1 / (1 + e^708) is as good as 0

/// The last, partly filled block: its contacts followed by zeros, and 1 or 0 for each lane.
struct Tail {
    alignas(64) double squares[n_lanes] = {}, limits[n_lanes] = {}, present[n_lanes] = {};

    Tail(const double* squares_of_rest, const double* limits_of_rest, std::size_t n_rest) {
        for (std::size_t i = 0; i < n_rest; ++i)
            squares[i] = squares_of_rest[i], limits[i] = limits_of_rest[i], present[i] = 1;
    }
};

/// 1 / (1 + e^x)
template <int W>
MDLOOM_INLINE Lanes<W> faded(const Lanes<W>& x) {
    typedef std::int64_t Integers __attribute__((vector_size(8 * W)));
    Lanes<W> near = x > most ? Lanes<W>{} + most : x;
    near = near < -most ? Lanes<W>{} - most : near;
    Lanes<W> n;
    const Lanes<W> mantissa = detail::exponential_mantissa<Lanes<W>>(near, n);
    const Integers low_bits = std::bit_cast<Integers>(n + detail::whole_numbers);
    const Lanes<W> power = std::bit_cast<Lanes<W>>((low_bits + 1023) << 52);  // 2^n
    const Lanes<W> there = 1 / (1 + mantissa * power);
    return x > most ? Lanes<W>{} : there;
}

template <int W>
MDLOOM_INLINE Lanes<W> block(const double* squares, const double* limits, double beta) {
    Lanes<W> r = load<W>(squares);
    for (int lane = 0; lane < W; ++lane) r[lane] = std::sqrt(r[lane]);
    return faded<W>(beta * (r - load<W>(limits)));
}

template <int W>
MDLOOM_INLINE void sum_lanes(const double* squares, const double* limits, std::size_t n, double beta, double* sums) {
    const std::size_t n_full = n / n_lanes * n_lanes;
    const Tail tail(squares + n_full, limits + n_full, n - n_full);
    for (int first = 0; first < n_lanes; first += W) {
        Lanes<W> sum{};
        for (std::size_t at = 0; at < n_full; at += n_lanes)
            sum += block<W>(squares + at + first, limits + at + first, beta);
        if (n > n_full)
            sum += block<W>(tail.squares + first, tail.limits + first, beta) * load<W>(tail.present + first);
        store<W>(sum, sums + first);
    }
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 void sum_avx512(const double* s, const double* l, std::size_t n, double beta, double* sums) {
    sum_lanes<8>(s, l, n, beta, sums);
}
MDLOOM_TARGET_AVX2 void sum_avx2(const double* s, const double* l, std::size_t n, double beta, double* sums) {
    sum_lanes<4>(s, l, n, beta, sums);
}
#endif
void sum_portable(const double* s, const double* l, std::size_t n, double beta, double* sums) {
    sum_lanes<2>(s, l, n, beta, sums);
}

}  // namespace

double soft_contact_sum(std::span<const double> squares, std::span<const double> limits, double beta,
                        Simd level) noexcept {
    alignas(64) double sums[n_lanes];
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            sum_avx512(squares.data(), limits.data(), squares.size(), beta, sums);
            break;
        case Simd::avx2:
            sum_avx2(squares.data(), limits.data(), squares.size(), beta, sums);
            break;
#endif
        default:
            sum_portable(squares.data(), limits.data(), squares.size(), beta, sums);
    }
    return sum_of_lanes(sums);
}

}  // namespace mdloom::kernels
