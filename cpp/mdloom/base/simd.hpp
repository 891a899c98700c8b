// Which instruction set the kernels and the decoders use. It is chosen while running; every level gives the same bits,
// so it is a matter of speed alone (docs/decisions/0002-lanes-without-highway.md). On 64-bit ARM the portable one is
// NEON, and the only one.
#pragma once
#include <string_view>

namespace mdloom {

/// Ordered: a CPU that has one level has those before it too.
enum class Simd { portable, avx2, avx512 };

std::string_view name(Simd level);

/// The best this CPU and operating system can run.
Simd best_simd() noexcept;

/// best_simd(), or less when the environment variable MDLOOM_SIMD names a lower level. Throws ArgumentError for an
/// unknown name.
Simd chosen_simd();

}  // namespace mdloom
