#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "mdloom/base/error.hpp"
#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {
namespace {

/// Sets MDLOOM_SIMD for one test.
struct ForcedSimd {
    explicit ForcedSimd(const char* value) {
        if (const char* before = std::getenv("MDLOOM_SIMD")) earlier = before, was_set = true;
        setenv("MDLOOM_SIMD", value, 1);
    }
    ~ForcedSimd() {
        if (was_set)
            setenv("MDLOOM_SIMD", earlier.c_str(), 1);
        else
            unsetenv("MDLOOM_SIMD");
    }
    std::string earlier;
    bool was_set = false;
};

TEST(simd, the_environment_lowers_the_level) {
    ForcedSimd forced("portable");
    EXPECT_EQ(chosen_simd(), Simd::portable);
}

TEST(simd, the_environment_never_raises_the_level_above_what_the_cpu_has) {
    ForcedSimd forced("avx512");
    EXPECT_EQ(chosen_simd(), best_simd());
}

TEST(simd, an_empty_value_is_no_wish) {
    ForcedSimd forced("");
    EXPECT_EQ(chosen_simd(), best_simd());
}

TEST(simd, an_unknown_level_is_refused_with_the_known_ones) {
    ForcedSimd forced("avx1024");
    try {
        chosen_simd();
        FAIL() << "expected ArgumentError";
    } catch (const ArgumentError& error) {
        EXPECT_STREQ(error.what(), R"(MDLOOM_SIMD is "avx1024": choose "portable", "avx2" or "avx512")");
    }
}

}  // namespace
}  // namespace mdloom::kernels
