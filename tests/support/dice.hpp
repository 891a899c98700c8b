// Random cases that can be thrown again: every case has a seed, and a failure names it.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "mdloom/base/index.hpp"

namespace mdloom::laws {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : generator_(seed) {}

    Index between(Index first, Index last) { return std::uniform_int_distribution<Index>(first, last)(generator_); }
    bool chance(double p) { return std::bernoulli_distribution(p)(generator_); }
    float normal(float mean, float sigma) { return std::normal_distribution<float>(mean, sigma)(generator_); }
    std::uint64_t seed() { return generator_(); }
    std::mt19937_64& generator() { return generator_; }

private:
    std::mt19937_64 generator_;
};

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr int slowness = 8;  ///< sanitizers look at every access: fewer cases do
#else
inline constexpr int slowness = 1;
#endif

/// Calls check(dice) n times; MDLOOM_LAW_SEED=s throws only the case that failed with seed s.
template <class Check>
void for_cases(int n, Check check) {
    const char* only = std::getenv("MDLOOM_LAW_SEED");
    for (int i = 0; i < (only ? 1 : n / slowness); ++i) {
        const std::uint64_t seed = only ? std::strtoull(only, nullptr, 10) : 20'260'822u + static_cast<unsigned>(i);
        SCOPED_TRACE("throw it again with MDLOOM_LAW_SEED=" + std::to_string(seed));
        Dice dice(seed);
        check(dice);
        if (testing::Test::HasFailure()) return;
    }
}

/// What call() throws says, or "no error".
template <class Call>
std::string error_of(Call call) {
    try {
        call();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace mdloom::laws
