#include "mdloom/analyses/gyration.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/partials/rows.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

std::vector<double> rows_of(const Analysis& analysis, const std::vector<std::vector<Vec3>>& frames) {
    auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    Frame frame;
    for (const auto& positions : frames) {
        frame.positions = positions;
        frame.index = 7 * frame.ordinal;
        frame.time = 0.5 * static_cast<double>(frame.index);
        analysis.single_frame(frame, analysis.groups(), *scratch, *state);
        ++frame.ordinal;
    }
    analysis.finish_chunk(*scratch, *state);
    const Result result = analysis.conclude(*state);
    EXPECT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].name, "gyration");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{index_of(frames.size()), 9}));
    return result[0].values;
}

void expect_rows(const std::vector<double>& found, const std::vector<double>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_DOUBLE_EQ(found[i], expected[i]) << i;
}

std::string refusal(GyrationSpec spec) {
    return refusal_of([&] { gyration(std::move(spec)); });
}

TEST(gyration, two_atoms_on_a_line_have_no_radius_about_it) {
    expect_rows(rows_of(*gyration({{0, 1}, {}}), {{{1, 2, 3}, {5, 2, 3}}, {{0, 0, 0}, {0, 6, 8}}}),
                {0, 0, 3, 2, 3, 2, 0, 2, 2,  //
                 7, 3.5, 0, 3, 4, 5, 5, 4, 3});
}

TEST(gyration, heavier_atoms_and_duplicates_draw_the_centre) {
    const double square = (3 * 1 + 1 * 9) / 4.0;
    const std::vector<double> expected{0, 0, 1, 0, 0, std::sqrt(square), 0, std::sqrt(square), std::sqrt(square)};
    expect_rows(rows_of(*gyration({{0, 1}, {3, 1}}), {{{0, 0, 0}, {4, 0, 0}}}), expected);
    expect_rows(rows_of(*gyration({{0, 0, 1, 0}, {}}), {{{0, 0, 0}, {4, 0, 0}}}), expected);
}

TEST(gyration, far_from_the_origin_nothing_cancels) {
    expect_rows(rows_of(*gyration({{0, 1}, {}}), {{{2000000.25f, 0, 0}, {2000000.75f, 0, 0}}}),
                {0, 0, 2000000.5, 0, 0, 0.25, 0, 0.25, 0.25});
}

TEST(gyration, one_atom_has_no_size_and_no_frames_give_no_rows) {
    expect_rows(rows_of(*gyration({{0}, {2}}), {{{1, 2, 3}}}), {0, 0, 1, 2, 3, 0, 0, 0, 0});
    EXPECT_TRUE(rows_of(*gyration({{0}, {}}), {}).empty());
}

TEST(gyration, what_does_not_fit_is_refused) {
    EXPECT_EQ(refusal({{}, {}}), "the group holds no atom: select at least one");
    EXPECT_EQ(refusal({{1, 2}, {1}}), "the group has 2 atoms and 1 weights: one for each is needed");
    EXPECT_EQ(refusal({{1}, {-1}}), "the group: weight 0 is -1: weights must be finite and not negative");
    EXPECT_EQ(refusal({{1}, {0}}), "the group: the sum of the weights is 0: it must be above 1e-30 and finite");
}

TEST(gyration, its_spec_travels_through_the_catalog_and_a_damaged_one_is_refused) {
    const auto rebuilt = [](const Bytes& bytes) {
        ByteReader reader(bytes);
        return rebuild("radius_of_gyration", reader);
    };
    ByteWriter writer, damaged;
    gyration({{3, 1, 3}, {1, 2, 3}})->write_spec(writer);
    EXPECT_EQ(rebuilt(writer.take())->groups(), (std::vector<Group>{{3, 1, 3}}));
    damaged.write(GyrationSpec{{3}, {NAN}});
    EXPECT_THROW(rebuilt(damaged.take()), StateError);
}

TEST(gyration, a_state_with_rows_of_another_width_is_refused) {
    const auto analysis = gyration({{0}, {}});
    ByteWriter writer;
    writer.write(std::string("radius_of_gyration"));
    writer.write(Index{1});
    Rows rows = Rows::of_width(2);
    rows.put(0, std::vector<double>{1, 2});
    writer.write(rows);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto state = analysis->read_state(reader);
    EXPECT_THROW(analysis->conclude(*state), StateError);
}

}  // namespace
}  // namespace mdloom::analyses
