#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "mdloom/kernels/exponential.hpp"
#include "mdloom/kernels/soft_contacts.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

struct Contacts {
    std::vector<double> squares, limits;

    static Contacts random(std::size_t n, double spread, std::mt19937& random) {
        std::uniform_real_distribution<double> distance(0, spread);
        Contacts contacts;
        for (std::size_t i = 0; i < n; ++i) {
            const double r = distance(random);
            contacts.squares.push_back(r * r);
            contacts.limits.push_back(1.8 * distance(random));
        }
        return contacts;
    }
    /// One after the other.
    double plain(double beta) const {
        double sum = 0;
        for (std::size_t i = 0; i < squares.size(); ++i)
            sum += 1 / (1 + exponential(beta * (std::sqrt(squares[i]) - limits[i])));
        return sum;
    }
};

TEST(soft_contact_sum, is_that_of_the_contacts_one_by_one_in_the_same_bits_at_every_level) {
    std::mt19937 random(7);
    for (std::size_t n = 0; n < 40; ++n)
        for (double spread : {1.0, 10.0, 1000.0})
            for (double beta : {5.0, 0.3, 0.0, -2.0}) {
                const Contacts contacts = Contacts::random(n, spread, random);
                const double first = soft_contact_sum(contacts.squares, contacts.limits, beta, Simd::portable);
                EXPECT_NEAR(first, contacts.plain(beta), 1e-15 * static_cast<double>(n));
                for (Simd level : levels_here())
                    EXPECT_EQ(soft_contact_sum(contacts.squares, contacts.limits, beta, level), first) << name(level);
            }
}

TEST(soft_contact_sum, one_contact_has_the_bits_of_the_exponential) {
    std::mt19937 random(8);
    for (int i = 0; i < 2000; ++i) {
        const Contacts one = Contacts::random(1, 50, random);
        for (Simd level : levels_here())
            EXPECT_EQ(soft_contact_sum(one.squares, one.limits, 5, level), one.plain(5)) << name(level);
    }
}

TEST(soft_contact_sum, ends_at_nothing_and_all_of_a_contact) {
    for (Simd level : levels_here()) {
        EXPECT_EQ(soft_contact_sum(std::vector{1e12}, std::vector{1.0}, 5, level), 0);
        EXPECT_EQ(soft_contact_sum(std::vector{1.0}, std::vector{1e6}, 5, level), 1);
        EXPECT_EQ(soft_contact_sum(std::vector{4.0}, std::vector{2.0}, 5, level), 0.5);
        EXPECT_EQ(soft_contact_sum(std::vector{1.0}, std::vector{2.0}, 1e308, level), 1);
    }
}

}  // namespace
}  // namespace mdloom::kernels
