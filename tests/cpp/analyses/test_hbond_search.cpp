#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "mdloom/analyses/hbond_search.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/minimum_image.hpp"
#include "support/levels.hpp"

namespace mdloom::analyses {
namespace {

using kernels::between;
using kernels::dot;
using kernels::Point;

Point point_of(const Frame& frame, Index atom) {
    const Vec3& at = frame.positions[usize(atom)];
    return {static_cast<double>(at[0]), static_cast<double>(at[1]), static_cast<double>(at[2])};
}

constexpr double frame_number = 17;
using BondRow = std::array<double, 6>;

/// Every triple, one after the other.
std::vector<BondRow> plain_search(const HydrogenBondsSpec& spec, const Frame& frame) {
    std::vector<BondRow> found;
    kernels::with_images(periodic_box_of(frame), [&](const auto& images) {
        const auto from_to = [&](Index from, Index to) {
            return images(between(point_of(frame, from), point_of(frame, to)));
        };
        const auto length = [](const Point& d) { return std::sqrt(dot(d, d)); };
        const auto owns = [&](Index donor, Index hydrogen) {
            if (spec.bonded_donors.empty()) return length(from_to(donor, hydrogen)) <= spec.d_h_cutoff;
            for (std::size_t i = 0; i < spec.bonded_donors.size(); ++i)
                if (spec.bonded_donors[i] == donor && spec.bonded_hydrogens[i] == hydrogen) return true;
            return false;
        };
        for (Index donor : spec.donors)
            for (Index hydrogen : spec.hydrogens) {
                if (!owns(donor, hydrogen)) continue;
                for (Index acceptor : spec.acceptors) {
                    const double distance = length(from_to(donor, acceptor));
                    if (!(distance > 1 && distance <= spec.criteria.d_a_cutoff)) continue;
                    const double angle = kernels::angle_between(from_to(hydrogen, donor), from_to(hydrogen, acceptor));
                    if (angle > spec.criteria.angle)
                        found.push_back({frame_number, static_cast<double>(donor), static_cast<double>(hydrogen),
                                         static_cast<double>(acceptor), distance, angle});
                }
            }
    });
    return found;
}

std::vector<BondRow> found_by(HydrogenBondSearch& search, const HydrogenBondsSpec& spec, const Frame& frame) {
    std::vector<BondRow> rows(search.find(spec, frame, {spec.donors, spec.hydrogens, spec.acceptors}));
    double* const first = rows.empty() ? nullptr : rows[0].data();
    const double* const stop = search.write(frame_number, first);
    EXPECT_EQ((stop - first) % 6, 0);
    rows.resize(usize((stop - first) / 6));
    return rows;
}

/// Oxygens with two hydrogens each, denser than water, in any orientation; some molecules lie partly outside.
class Water {
public:
    Water(std::size_t n_molecules, const Box& box, unsigned seed) : random_(seed), frame_{} {
        frame_.box = box;
        frame_.positions.resize(3 * n_molecules);
        for (std::size_t i = 0; i < frame_.positions.size(); i += 3) place(i);
    }
    const Frame& frame() const { return frame_; }

    /// Some molecules go elsewhere, all others a little.
    const Frame& step() {
        std::uniform_real_distribution<float> part(0, 1);
        for (std::size_t i = 0; i < frame_.positions.size(); i += 3) {
            if (part(random_) < 0.2F) place(i);
            const Vec3 by{0.3F * part(random_), 0.3F * part(random_), 0.3F * part(random_)};
            for (std::size_t atom = i; atom < i + 3; ++atom)
                for (std::size_t k = 0; k < 3; ++k) frame_.positions[atom][k] += by[k];
        }
        ++frame_.ordinal;
        return frame_;
    }
    /// One hydrogen leaves its molecule.
    const Frame& lose(std::size_t atom) {
        frame_.positions[atom][0] += 2;
        return frame_;
    }

private:
    void place(std::size_t first) {
        std::uniform_real_distribution<float> fraction(-0.2F, 1.2F);
        std::normal_distribution<float> direction;
        Vec3 at{};
        for (std::size_t row = 0; row < 3; ++row) {
            const float f = fraction(random_);
            for (std::size_t k = 0; k < 3; ++k)
                at[k] += f * (frame_.box == Box{} ? (row == k ? 25.F : 0) : frame_.box[3 * row + k]);
        }
        frame_.positions[first] = at;
        for (std::size_t atom : {first + 1, first + 2}) {
            const Vec3 u{direction(random_), direction(random_), direction(random_)};
            const float length = std::sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]);
            for (std::size_t k = 0; k < 3; ++k) frame_.positions[atom][k] = at[k] + u[k] / length * 0.98F;
        }
    }
    std::mt19937 random_;
    Frame frame_;
};

constexpr Box cube{25, 0, 0, 0, 25, 0, 0, 0, 25}, slanted{26, 0, 0, 9, 24, 0, -9, 11, 23},
    small{11, 0, 0, 0, 12, 0, 2, 0, 9};

HydrogenBondsSpec all_water(std::size_t n_molecules) {
    HydrogenBondsSpec spec;
    for (Index i = 0; i < index_of(3 * n_molecules); ++i) (i % 3 == 0 ? spec.donors : spec.hydrogens).push_back(i);
    spec.acceptors = spec.donors;
    return spec;
}

class Searches {
public:
    Searches(const HydrogenBondsSpec& spec, std::size_t n_atoms) : spec_(spec) {
        Group all(n_atoms);
        for (std::size_t i = 0; i < n_atoms; ++i) all[i] = index_of(i);
        for (Simd level : levels_here()) searches_.emplace_back(spec, all, all, level);
    }
    /// The same rows in the same bits, from every level, and how many.
    std::size_t expect_all(const Frame& frame) {
        const auto expected = plain_search(spec_, frame);
        for (HydrogenBondSearch& search : searches_) EXPECT_EQ(found_by(search, spec_, frame), expected);
        return expected.size();
    }

private:
    const HydrogenBondsSpec& spec_;
    std::vector<HydrogenBondSearch> searches_;
};

TEST(hydrogen_bond_search, finds_what_every_triple_gives_in_any_box_frame_after_frame) {
    std::size_t n_bonds = 0;
    for (const Box& box : {Box{}, cube, slanted, small}) {
        const std::size_t n = box == small ? 60 : 500;
        const HydrogenBondsSpec spec = all_water(n);
        Water water(n, box, 5);
        Searches searches(spec, 3 * n);
        n_bonds += searches.expect_all(water.frame());
        for (int step = 0; step < 4; ++step) n_bonds += searches.expect_all(water.step());
    }
    EXPECT_GT(n_bonds, 500U);
}

TEST(hydrogen_bond_search, follows_hydrogens_that_leave_their_donors_and_those_that_are_two_donors) {
    const HydrogenBondsSpec spec = all_water(500);
    Water water(500, slanted, 9);
    Searches searches(spec, 1500);
    for (std::size_t atom : {1U, 2U, 700U}) {
        searches.expect_all(water.frame());
        searches.expect_all(water.lose(atom));
        searches.expect_all(water.step());
    }
}

TEST(hydrogen_bond_search, knows_donors_that_accept_nothing_and_any_criteria) {
    std::mt19937 random(4);
    for (int round = 0; round < 12; ++round) {
        HydrogenBondsSpec spec = all_water(400);
        const auto drop = [&](Group& group) {
            std::erase_if(group, [&](Index) { return std::bernoulli_distribution(0.4)(random); });
        };
        drop(spec.donors), drop(spec.acceptors);
        if (round % 3 == 0) drop(spec.hydrogens);
        spec.d_h_cutoff = std::uniform_real_distribution<double>(0.9, 3.2)(random);
        spec.criteria.d_a_cutoff = std::uniform_real_distribution<double>(1.5, 5)(random);
        spec.criteria.angle = std::uniform_real_distribution<double>(0, 175)(random);
        Water water(400, round % 2 == 0 ? slanted : cube, 20 + static_cast<unsigned>(round));
        Searches searches(spec, 1200);
        searches.expect_all(water.frame());
        searches.expect_all(water.step());
    }
}

TEST(hydrogen_bond_search, measures_bonds_of_the_topology_however_long_they_are) {
    HydrogenBondsSpec spec = all_water(400);
    std::mt19937 random(8);
    for (std::size_t i = 0; i < spec.donors.size(); ++i)
        for (std::size_t k : {2 * i, 2 * i + 1}) {
            spec.bonded_donors.push_back(spec.donors[i]);
            spec.bonded_hydrogens.push_back(spec.hydrogens[k]);
        }
    for (std::size_t far = 0; far < 40; ++far)
        spec.bonded_hydrogens[2 * far + 1] = spec.hydrogens.back() - index_of(80 - 2 * far);
    spec.criteria.angle = 60;
    Water water(400, slanted, 3);
    Searches searches(spec, 1200);
    searches.expect_all(water.frame());
    searches.expect_all(water.step());
}

TEST(hydrogen_bond_search, forgets_owners_when_the_groups_change) {
    const HydrogenBondsSpec spec = all_water(400);
    Water water(400, cube, 6);
    Group all(1200);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = index_of(i);
    HydrogenBondSearch search(spec, all, all, best_simd());
    for (int round = 0; round < 3; ++round)
        for (Index from : {0, 300, 600}) {
            HydrogenBondsSpec now = spec;
            for (Group* group : {&now.donors, &now.hydrogens}) std::erase_if(*group, [&](Index i) { return i < from; });
            EXPECT_EQ(found_by(search, now, water.frame()), plain_search(now, water.frame()));
        }
}

}  // namespace
}  // namespace mdloom::analyses
