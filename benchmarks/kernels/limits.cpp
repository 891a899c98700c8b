#include "limits.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "cpu_time.hpp"
#include "mdloom/kernels/lanes.hpp"

namespace mdloom::bench {
namespace {

using kernels::Lanes;

volatile double sink;

/// The best of some rounds, each of many calls.
template <class Call>
double seconds_of(int n_calls, const Call& call) {
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        const double start = cpu_seconds();
        for (int i = 0; i < n_calls; ++i) call();
        best = std::min(best, (cpu_seconds() - start) / n_calls);
    }
    return best;
}

/// n: a multiple of 8 W.
template <int W>
MDLOOM_INLINE double sum_any(const double* from, std::size_t n) {
    Lanes<W> a{}, b{}, c{}, d{}, e{}, f{}, g{}, h{};
    for (std::size_t i = 0; i < n; i += 8 * W) {
        const double* at = from + i;
        a += kernels::load<W>(at), b += kernels::load<W>(at + W), c += kernels::load<W>(at + 2 * W);
        d += kernels::load<W>(at + 3 * W), e += kernels::load<W>(at + 4 * W), f += kernels::load<W>(at + 5 * W);
        g += kernels::load<W>(at + 6 * W), h += kernels::load<W>(at + 7 * W);
    }
    const Lanes<W> sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    return sum[0] + sum[1];
}

constexpr std::size_t n_products = 12;  // in flight: two units, four cycles each, and some more

template <int W, std::size_t... chain>
MDLOOM_INLINE double multiply_any(double factor, int n, std::index_sequence<chain...>) {
    const Lanes<W> x = Lanes<W>{} + factor;
    Lanes<W> sums[sizeof...(chain)]{};
    for (int i = 0; i < n; ++i) (kernels::add_product<W>(x, x, sums[chain]), ...);
    return ((sums[chain][0] + sums[chain][1]) + ...);
}

using Chains = std::make_index_sequence<n_products>;
#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 double sum_avx512(const double* x, std::size_t n) {
    return sum_any<8>(x, n);
}
MDLOOM_TARGET_AVX2 double sum_avx2(const double* x, std::size_t n) {
    return sum_any<4>(x, n);
}
MDLOOM_TARGET_AVX512 double multiply_avx512(double x, int n) {
    return multiply_any<8>(x, n, Chains());
}
MDLOOM_TARGET_AVX2 double multiply_avx2(double x, int n) {
    return multiply_any<4>(x, n, Chains());
}
#endif
double sum_portable(const double* x, std::size_t n) {
    return sum_any<2>(x, n);
}

/// Not fused: that is a call here.
double multiply_portable(double factor, int n) {
    const Lanes<2> x = Lanes<2>{} + factor;
    std::array<Lanes<2>, n_products> sums{};
    for (int i = 0; i < n; ++i)
        for (Lanes<2>& sum : sums) sum += x * x;
    double all = 0;
    for (const Lanes<2>& sum : sums) all += sum[0] + sum[1];
    return all;
}

struct Programs {
    double (*sum)(const double*, std::size_t) = sum_portable;
    double (*multiply)(double, int) = multiply_portable;
    int width = 2;
};

Programs programs_of(Simd level) {
#if defined(__x86_64__)
    if (level == Simd::avx512) return {sum_avx512, multiply_avx512, 8};
    if (level == Simd::avx2) return {sum_avx2, multiply_avx2, 4};
#endif
    static_cast<void>(level);
    return {};
}

Limits measured(Simd level) {
    const Programs run = programs_of(level);
    const std::vector<double> memory(16 << 20, 1.0);  // 128 MB
    constexpr std::size_t n_cached = 16 << 10;        // 128 KB
    constexpr int n_rounds = 10'000;
    const double of_memory = seconds_of(1, [&] { sink = run.sum(memory.data(), memory.size()); }),
                 of_cache = seconds_of(100, [&] { sink = run.sum(memory.data(), n_cached); }),
                 of_products = seconds_of(10, [&] { sink = run.multiply(sink * 0 + 1e-3, n_rounds); });
    return {8.0 * n_cached / of_cache, 8.0 * static_cast<double>(memory.size()) / of_memory,
            2.0 * run.width * n_products * n_rounds / of_products};
}

}  // namespace

const Limits& limits(Simd level) {
    static std::map<Simd, Limits> known;
    const auto [place, is_new] = known.try_emplace(level);
    if (is_new) place->second = measured(level);
    return place->second;
}

}  // namespace mdloom::bench
