#include <gmock/gmock.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/hbonds.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Frame moment_of(std::vector<Vec3> positions, float box_length = 0) {
    Frame frame;
    frame.ordinal = 2;
    frame.index = 20;
    frame.time = 1.5;
    frame.positions = std::move(positions);
    for (std::size_t k : {0U, 4U, 8U}) frame.box[k] = box_length;
    return frame;
}

/// The engine's part for one worker: groups index into the frame's wanted atoms, here all of them. `now`: the groups
/// of this frame where they are not all candidates.
Result result_of(const Analysis& analysis, const Frame& frame, std::vector<Group> now = {}) {
    const auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    const auto groups = analysis.groups();
    for (std::size_t i = now.size(); i < groups.size(); ++i) now.push_back(groups[i]);
    analysis.single_frame(frame, now, *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    return analysis.conclude(*state);
}

/// Donor, hydrogen, acceptor of each bond.
std::vector<std::array<Index, 3>> triples_of(const Analysis& analysis, const Frame& frame,
                                             std::vector<Group> now = {}) {
    const Result result = result_of(analysis, frame, std::move(now));
    const std::vector<double>& rows = result[0].values;
    std::vector<std::array<Index, 3>> triples;
    for (std::size_t i = 0; i < rows.size(); i += 6)
        triples.push_back(
            {static_cast<Index>(rows[i + 1]), static_cast<Index>(rows[i + 2]), static_cast<Index>(rows[i + 3])});
    return triples;
}

HydrogenBondsSpec by_distance(Group donors, Group hydrogens, Group acceptors) {
    HydrogenBondsSpec spec;
    spec.donors = std::move(donors), spec.hydrogens = std::move(hydrogens), spec.acceptors = std::move(acceptors);
    return spec;
}

// donor, its hydrogen along x, an acceptor behind it
const std::vector<Vec3> straight{{0, 0, 0}, {1, 0, 0}, {2.75, 0, 0}};

std::string refusal(HydrogenBondsSpec spec) {
    return refusal_of([&] { hydrogen_bonds(std::move(spec)); });
}

TEST(hydrogen_bonds, a_straight_one_gives_its_row_and_its_frame_is_counted) {
    const auto analysis = hydrogen_bonds(by_distance({0}, {1}, {2}));
    const Result result = result_of(*analysis, moment_of(straight));
    EXPECT_EQ(result[0].name, "hbonds");
    EXPECT_THAT(result[0].shape, ElementsAre(1, 6));
    EXPECT_THAT(result[0].values, ElementsAre(20, 0, 1, 2, 2.75, 180));
    EXPECT_EQ(result[1].name, "times");
    EXPECT_THAT(result[1].values, ElementsAre(1.5));
    EXPECT_EQ(result[2].name, "counts");
    EXPECT_THAT(result[2].values, ElementsAre(1));
}

TEST(hydrogen_bonds, the_angle_must_be_above_its_cutoff_and_not_at_it) {
    const std::vector<Vec3> right_angle{{0, 1, 0}, {0, 0, 0}, {2, 0, 0}};
    HydrogenBondsSpec spec = by_distance({0}, {1}, {2});
    spec.criteria.angle = 90;
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(right_angle)), IsEmpty());
    spec.criteria.angle = std::nextafter(90, 0);
    const Result result = result_of(*hydrogen_bonds(spec), moment_of(right_angle));
    EXPECT_THAT(result[0].values, ElementsAre(20, 0, 1, 2, std::sqrt(5), 90));
}

TEST(hydrogen_bonds, the_acceptor_is_further_than_one_and_not_further_than_the_cutoff) {
    const auto analysis = hydrogen_bonds(by_distance({0}, {1}, {2}));
    const auto with_acceptor_at = [&](float x) {
        return triples_of(*analysis, moment_of({{0, 0, 0}, {0.5F, 0, 0}, {x, 0, 0}})).size();
    };
    EXPECT_EQ(with_acceptor_at(1), 0U);
    EXPECT_EQ(with_acceptor_at(std::nextafter(1.F, 2.F)), 1U);
    EXPECT_EQ(with_acceptor_at(3), 1U);
    EXPECT_EQ(with_acceptor_at(std::nextafter(3.F, 4.F)), 0U);
}

TEST(hydrogen_bonds, everything_is_measured_between_nearest_images) {
    const std::vector<Vec3> across{{9.5F, 5, 5}, {0.5F, 5, 5}, {2.25F, 5, 5}};
    const auto analysis = hydrogen_bonds(by_distance({0}, {1}, {2}));
    EXPECT_THAT(result_of(*analysis, moment_of(across, 10))[0].values, ElementsAre(20, 0, 1, 2, 2.75, 180));
    EXPECT_THAT(triples_of(*analysis, moment_of(across)), IsEmpty());
}

TEST(hydrogen_bonds, rows_are_in_order_of_donor_hydrogen_and_acceptor) {
    // two donors with two hydrogens each; all atoms accept; everything is near and nothing has to be straight
    const std::vector<Vec3> positions{{0, 0, 0}, {0, 1, 0}, {0, -1, 0}, {2, 0, 0}, {2, 1, 0}, {2, -1, 0}};
    HydrogenBondsSpec spec = by_distance({0, 3}, {1, 2, 4, 5}, {0, 3});
    spec.criteria.angle = 0;
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)),
                ElementsAre(std::array<Index, 3>{0, 1, 3}, std::array<Index, 3>{0, 2, 3}, std::array<Index, 3>{3, 4, 0},
                            std::array<Index, 3>{3, 5, 0}));
}

TEST(hydrogen_bonds, bonds_of_the_topology_decide_whose_hydrogen_it_is) {
    HydrogenBondsSpec spec = by_distance({0, 3}, {1}, {2});
    spec.bonded_donors = {3}, spec.bonded_hydrogens = {1};
    const std::vector<Vec3> positions{{0, 0, 0}, {1, 0, 0}, {2.5F, 0, 0}, {-0.4F, 0, 0}};
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)), ElementsAre(std::array<Index, 3>{3, 1, 2}));
    spec.bonded_donors.clear(), spec.bonded_hydrogens.clear();
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)), ElementsAre(std::array<Index, 3>{0, 1, 2}));
}

TEST(hydrogen_bonds, a_frame_may_give_less_of_each_group) {
    const std::vector<Vec3> positions{{0, 0, 0}, {1, 0, 0}, {-1, 0, 0}, {2.5F, 0, 0}, {-2.5F, 0, 0}};
    const std::array<Index, 3> right{0, 1, 3}, left{0, 2, 4};
    for (bool bonded : {true, false}) {
        HydrogenBondsSpec spec = by_distance({0}, {1, 2}, {3, 4});
        if (bonded) spec.bonded_donors = {0, 0}, spec.bonded_hydrogens = {1, 2};
        const auto analysis = hydrogen_bonds(spec);
        const Frame frame = moment_of(positions);
        EXPECT_THAT(triples_of(*analysis, frame), ElementsAre(right, left));
        EXPECT_THAT(triples_of(*analysis, frame, {{0}, {2}, {3, 4}}), ElementsAre(left));
        EXPECT_THAT(triples_of(*analysis, frame, {{0}, {1, 2}, {3}}), ElementsAre(right));
        EXPECT_THAT(triples_of(*analysis, frame, {{}, {1, 2}, {3, 4}}), IsEmpty());
        EXPECT_THAT(triples_of(*analysis, frame, {{0}, {}, {3, 4}}), IsEmpty());
        EXPECT_THAT(triples_of(*analysis, frame, {{0}, {1, 2}, {}}), IsEmpty());
    }
}

TEST(hydrogen_bonds, between_keeps_what_joins_the_two_groups_whoever_donates) {
    const std::vector<Vec3> positions{{0, 0, 0}, {1, 0, 0}, {-1, 0, 0}, {2.5F, 0, 0}, {-2.5F, 0, 0}};
    HydrogenBondsSpec spec = by_distance({0}, {1, 2}, {3, 4});
    const std::array<Index, 3> right{0, 1, 3}, left{0, 2, 4};
    spec.between = {{{0}, {3}}};
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)), ElementsAre(right));
    spec.between = {{{4}, {0}}};
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)), ElementsAre(left));
    spec.between = {{{4}, {0}}, {{0}, {3}}};
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)), ElementsAre(right, left));
    spec.between = {{{3}, {4}}};
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of(positions)), IsEmpty());
}

TEST(hydrogen_bonds, atoms_that_coincide_make_no_angle_and_no_bond) {
    HydrogenBondsSpec spec = by_distance({0}, {0, 1}, {1, 2});
    spec.criteria.angle = 0;
    EXPECT_THAT(triples_of(*hydrogen_bonds(spec), moment_of({{0, 0, 0}, {0, 0, 0}, {2, 0, 0}})), IsEmpty());
}

TEST(hydrogen_bonds, no_frames_give_empty_tables_of_the_right_shape) {
    const auto analysis = hydrogen_bonds(by_distance({0}, {1}, {2}));
    const Result result = analysis->conclude(*analysis->empty_state());
    EXPECT_THAT(result[0].shape, ElementsAre(0, 6));
    EXPECT_THAT(result[1].shape, ElementsAre(0));
    EXPECT_THAT(result[2].shape, ElementsAre(0));
}

TEST(hydrogen_bonds, a_frame_with_an_impossible_box_is_refused) {
    const auto analysis = hydrogen_bonds(by_distance({0}, {1}, {2}));
    Frame frame = moment_of(straight);
    frame.box[0] = 5;
    EXPECT_THROW(result_of(*analysis, frame), ArgumentError);
}

TEST(hydrogen_bonds, its_spec_travels_through_the_catalog_and_a_damaged_one_is_refused) {
    HydrogenBondsSpec spec = by_distance({0}, {1, 2}, {3});
    spec.bonded_donors = {0}, spec.bonded_hydrogens = {2};
    spec.between = {{{0}, {3}}};
    const auto analysis = hydrogen_bonds(spec);
    ByteWriter writer;
    analysis->write_spec(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto again = rebuild("hbonds", reader);
    EXPECT_TRUE(reader.at_end());
    const Frame frame = moment_of({{0, 0, 0}, {-1, 0, 0}, {1, 0, 0}, {2.5F, 0, 0}});
    EXPECT_EQ(result_of(*again, frame)[0].values, result_of(*analysis, frame)[0].values);
    EXPECT_THAT(triples_of(*again, frame), ElementsAre(std::array<Index, 3>{0, 2, 3}));

    spec.bonded_hydrogens = {3};
    ByteWriter damaged;
    damaged.write(spec);
    const Bytes damaged_bytes = damaged.take();
    ByteReader damaged_reader(damaged_bytes);
    EXPECT_THROW(rebuild("hbonds", damaged_reader), StateError);
}

TEST(hydrogen_bonds, unusable_specs_are_refused) {
    EXPECT_EQ(refusal(by_distance({}, {1}, {2})), "hydrogen bonds: donors hold no atom: select at least one");
    EXPECT_EQ(refusal(by_distance({0}, {2, 1}, {2})),
              "hydrogen bonds: hydrogens must be in ascending order, each atom once");
    EXPECT_EQ(refusal(by_distance({0}, {1}, {2, 2})),
              "hydrogen bonds: acceptors must be in ascending order, each atom once");
    HydrogenBondsSpec spec = by_distance({0}, {1, 2}, {2});
    spec.bonded_donors = {0};
    EXPECT_EQ(refusal(spec), "hydrogen bonds: 1 donors are paired with 0 hydrogens: as many are needed");
    spec.bonded_hydrogens = {3};
    EXPECT_EQ(refusal(spec), "hydrogen bonds: pair 0 (0, 3) is not of the donors and hydrogens");
    spec.bonded_donors = {0, 0}, spec.bonded_hydrogens = {2, 1};
    EXPECT_EQ(refusal(spec), "hydrogen bonds: pair 1 is out of order: sort them by donor, then hydrogen");
    spec = by_distance({0}, {1}, {2});
    spec.d_h_cutoff = 0;
    EXPECT_EQ(refusal(spec), "d_h_cutoff is 0: a distance in Å is needed, finite and above 0");
    spec.d_h_cutoff = 1.2, spec.criteria.d_a_cutoff = 1;
    EXPECT_EQ(refusal(spec),
              "d_a_cutoff is 1: a distance in Å is needed, finite and above 1: nearer atoms are bonded chemically");
    spec.criteria = {3, 180};
    EXPECT_EQ(refusal(spec), "d_h_a_angle_cutoff is 180: an angle in degrees is needed, at least 0 and below 180");
    spec.criteria = {3, 150}, spec.between.resize(65, {{0}, {1}});
    EXPECT_EQ(refusal(spec), "between has 65 pairs of groups: 64 are the most");
}

}  // namespace
}  // namespace mdloom::analyses
