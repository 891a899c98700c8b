#include "mdloom/base/simd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "mdloom/base/error.hpp"

namespace mdloom {

std::string_view name(Simd level) {
    switch (level) {
        case Simd::avx512:
            return "avx512";
        case Simd::avx2:
            return "avx2";
        case Simd::portable:
            break;
    }
    return "portable";
}

Simd best_simd() noexcept {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Simd::portable;
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    return avx512 ? Simd::avx512 : Simd::avx2;
#else
    return Simd::portable;
#endif
}

Simd chosen_simd() {
    const char* wanted = std::getenv("MDLOOM_SIMD");
    if (wanted == nullptr || *wanted == '\0') return best_simd();
    for (Simd level : {Simd::portable, Simd::avx2, Simd::avx512})
        if (name(level) == wanted) return std::min(level, best_simd());
    throw ArgumentError(fmt::format(R"(MDLOOM_SIMD is "{}": choose "portable", "avx2" or "avx512")", wanted));
}

}  // namespace mdloom
