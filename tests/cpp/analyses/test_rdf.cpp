#include "mdloom/analyses/rdf.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/rdf_s.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

using Values = std::vector<double>;
using Columns = std::map<std::string, Values>;

constexpr double pi = std::numbers::pi;

Frame frame_of(std::vector<Vec3> positions, float side) {
    Frame frame;
    frame.positions = std::move(positions);
    for (std::size_t k : {0U, 4U, 8U}) frame.box[k] = side;
    return frame;
}

/// The engine's part for one worker: groups index into the frame's wanted atoms, here all of them.
Columns results_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    const auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    const auto groups = analysis.groups();
    for (const Frame& frame : frames) analysis.single_frame(frame, groups, *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    Columns columns;
    for (const Column& column : analysis.conclude(*state)) columns[column.name] = column.values;
    return columns;
}

/// In a box of 10 Å: 0-1 are 1 apart, 0-2 are 2 apart through the face, 1-2 are 3 apart.
const std::vector<Vec3> three{{1, 5, 5}, {2, 5, 5}, {9, 5, 5}};
const DistanceRange to_three{3, 0, 3};

TEST(rdf, three_atoms_in_a_box_are_counted_by_hand) {
    const auto found = results_of(*rdf({{0}, {1, 2}, to_three, RdfNorm::rdf, 2, {}, {}}), {frame_of(three, 10)});
    EXPECT_EQ(found.at("count"), (Values{0, 1, 1}));
    EXPECT_EQ(found.at("cdf"), (Values{0, 1, 2}));
    EXPECT_EQ(found.at("edges"), (Values{0, 1, 2, 3}));
    EXPECT_EQ(found.at("volume"), (Values{1000}));
    EXPECT_EQ(found.at("n_frames"), (Values{1}));
    EXPECT_DOUBLE_EQ(found.at("rdf")[1], 1 / (4. / 3 * pi * 7 * 2 / 1000));
    EXPECT_DOUBLE_EQ(found.at("rdf")[2], 1 / (4. / 3 * pi * 19 * 2 / 1000));
}

TEST(rdf, norms_are_of_shells_and_of_frames) {
    const std::vector<Frame> frames{frame_of(three, 10), frame_of(three, 20)};  // 8 Å and 7 Å apart in the second
    const auto density = results_of(*rdf({{0}, {1, 2}, to_three, RdfNorm::density, 1, {}, {}}), frames);
    EXPECT_EQ(density.at("count"), (Values{0, 2, 1}));
    EXPECT_DOUBLE_EQ(density.at("rdf")[1], 2 / (2 * 4. / 3 * pi * 7));
    const auto none = results_of(*rdf({{0}, {1, 2}, to_three, RdfNorm::none, 1, {}, {}}), frames);
    EXPECT_EQ(none.at("rdf"), (Values{0, 1, 0.5}));
    EXPECT_EQ(none.at("cdf"), (Values{0, 1, 1.5}));
    EXPECT_EQ(none.at("volume"), (Values{9000}));
}

TEST(rdf, one_group_with_itself_counts_pairs_twice_and_atoms_at_distance_0) {
    for (const Group& second : {Group{0, 1, 2}, Group{2, 1, 0}}) {
        const auto found =
            results_of(*rdf({{0, 1, 2}, second, to_three, RdfNorm::rdf, 9, {}, {}}), {frame_of(three, 10)});
        EXPECT_EQ(found.at("count"), (Values{3, 2, 4}));
    }
    const auto above =
        results_of(*rdf({{0, 1, 2}, {0, 1, 2}, {2, 1, 3}, RdfNorm::rdf, 9, {}, {}}), {frame_of(three, 10)});
    EXPECT_EQ(above.at("count"), (Values{2, 4}));
}

TEST(rdf, duplicates_count_as_often_as_they_are_given) {
    const auto found = results_of(*rdf({{0, 0}, {1, 2, 1}, to_three, RdfNorm::rdf, 6, {}, {}}), {frame_of(three, 10)});
    EXPECT_EQ(found.at("count"), (Values{0, 4, 2}));
}

TEST(rdf, pairs_with_the_same_label_do_not_count) {
    const auto found = results_of(*rdf({{0, 1, 2}, {0, 1, 2}, to_three, RdfNorm::rdf, 6, {4, 4, -1}, {4, 4, -1}}),
                                  {frame_of(three, 10)});
    EXPECT_EQ(found.at("count"), (Values{0, 0, 4}));
    const auto ordered =
        results_of(*rdf({{0, 1}, {2, 1, 0}, to_three, RdfNorm::rdf, 6, {1, 0}, {0, 7, 1}}), {frame_of(three, 10)});
    EXPECT_EQ(ordered.at("count"), (Values{1, 2, 1}));  // 1-1; 0-1, 1-0; 0-2. Not 1-2, 0-0
}

TEST(rdf, the_volume_is_the_mean_over_frames) {
    const auto found = results_of(*rdf({{0}, {1}, {1, 0, 3}, RdfNorm::rdf, 1, {}, {}}),
                                  {frame_of(three, 10), frame_of(three, 20), frame_of(three, 30)});
    EXPECT_EQ(found.at("volume"), (Values{36000}));
    EXPECT_DOUBLE_EQ(found.at("rdf")[0], 12000 / (4. / 3 * pi * 27));
}

TEST(rdf, a_frame_without_a_box_is_refused_only_when_its_volume_is_needed) {
    Frame bare = frame_of(three, 0);
    const auto needs = [&] { results_of(*rdf({{0}, {1}, to_three, RdfNorm::rdf, 1, {}, {}}), {bare}); };
    EXPECT_EQ(refusal_of(needs).substr(0, 48), "there is no box, and g(r) needs its volume: give");
    const auto found = results_of(*rdf({{0}, {1, 2}, {2, 0, 8}, RdfNorm::none, 1, {}, {}}), {bare});
    EXPECT_EQ(found.at("rdf"), (Values{1, 1}));
    EXPECT_EQ(found.at("volume"), (Values{0}));
}

TEST(rdf, no_frames_give_no_numbers_in_the_right_shape) {
    for (RdfNorm norm : {RdfNorm::rdf, RdfNorm::density, RdfNorm::none}) {
        const auto found = results_of(*rdf({{0}, {1}, to_three, norm, 1, {}, {}}), {});
        EXPECT_EQ(found.at("count"), (Values{0, 0, 0}));
        ASSERT_EQ(found.at("rdf").size(), 3U);
        EXPECT_TRUE(std::isnan(found.at("rdf")[0]) && std::isnan(found.at("cdf")[2]));
    }
}

TEST(rdf, its_spec_travels_and_a_damaged_one_is_refused) {
    const auto analysis = rdf({{2, 0}, {1, 0}, to_three, RdfNorm::density, 3, {1, 2}, {2, 3}});
    ByteWriter writer;
    analysis->write_spec(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto again = rebuild("rdf", reader);
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(results_of(*again, {frame_of(three, 10)}), results_of(*analysis, {frame_of(three, 10)}));
    for (const RdfSpec& damaged : {RdfSpec{{0}, {1}, to_three, static_cast<RdfNorm>(9), 1, {}, {}},
                                   RdfSpec{{0}, {1}, to_three, RdfNorm::rdf, 1, {1, 2}, {3}},
                                   RdfSpec{{0}, {1}, {-3, 0, 3}, RdfNorm::rdf, 1, {}, {}}}) {
        ByteWriter other;
        other.write(damaged);
        const Bytes wrong = other.take();
        ByteReader wrong_reader(wrong);
        EXPECT_THROW(rebuild("rdf", wrong_reader), StateError);
    }
}

TEST(rdf, unusable_specs_are_refused) {
    const auto refused = [](const RdfSpec& spec) { return refusal_of([&] { rdf(spec); }); };
    EXPECT_EQ(refused({{}, {1}, to_three, RdfNorm::rdf, 1, {}, {}}),
              "the first group holds no atom: select at least one");
    EXPECT_EQ(refused({{1}, {}, to_three, RdfNorm::rdf, 1, {}, {}}),
              "the second group holds no atom: select at least one");
    EXPECT_EQ(refused({{1}, {2}, to_three, RdfNorm::rdf, 1, {1}, {}}),
              "groups of 1 and 1 atoms have 1 and 0 labels: one for each is needed");
    EXPECT_EQ(refused({{1}, {2}, to_three, RdfNorm::rdf, 0, {}, {}}),
              "the mean is over 0 pairs: a number above 0 is needed");
    EXPECT_EQ(refusal_of([] { rdf_norm("rdff"); }), R"(norm is "rdff": choose "rdf", "density" or "none")");
}

TEST(rdf_s, each_pair_has_its_own_counts_in_the_order_given) {
    const auto analysis = rdf_s({{{{2, 0}, {1}}, {{1}, {0, 1}}}, to_three, RdfNorm::none});
    const auto found = results_of(*analysis, {frame_of(three, 10), frame_of(three, 10)});
    EXPECT_EQ(found.at("count"), (Values{0, 0, 2, 0, 2, 0, 0, 2, 0, 2, 0, 0}));
    EXPECT_EQ(found.at("rdf"), (Values{0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0}));
    EXPECT_EQ(analysis->conclude(*analysis->empty_state())[0].shape, (std::vector<Index>{4, 3}));
}

TEST(rdf_s, one_pair_is_the_rdf_of_its_atoms) {
    const std::vector<Frame> frames{frame_of(three, 10), frame_of(three, 12)};
    for (RdfNorm norm : {RdfNorm::rdf, RdfNorm::density, RdfNorm::none})
        EXPECT_EQ(results_of(*rdf_s({{{{0}, {2}}}, {5, 1, 6}, norm}), frames).at("rdf"),
                  results_of(*rdf({{0}, {2}, {5, 1, 6}, norm, 1, {}, {}}), frames).at("rdf"));
}

TEST(rdf_s, unusable_specs_are_refused) {
    const auto refused = [](const RdfSSpec& spec) { return refusal_of([&] { rdf_s(spec); }); };
    EXPECT_EQ(refused({{}, to_three, RdfNorm::rdf}), "there is no pair of groups: give at least one");
    EXPECT_EQ(refused({{{{1}, {1}}, {{1}, {}}}, to_three, RdfNorm::rdf}),
              "a group of pair 1 holds no atom: select at least one");
    const Group many(1 << 19, 0);
    EXPECT_EQ(refused({{{many, many}}, to_three, RdfNorm::rdf}).substr(0, 45),
              "more than 68719476736 counts are needed for e");
    Frame bare = frame_of(three, 0);
    EXPECT_NE(refusal_of([&] { results_of(*rdf_s({{{{0}, {1}}}, to_three, RdfNorm::rdf}), {bare}); }), "no refusal");
}

}  // namespace
}  // namespace mdloom::analyses
