#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/contacts.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

std::vector<double> series_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    return result_of(analysis, frames)[1].values;
}

/// Atoms 0, 1 and 2, 3 on a line; contacts 0-2 at 3 Å and 1-3 at 4 Å.
ContactsSpec two_contacts(ContactMethod method) {
    return {{0, 1}, {2, 3}, method, 3.5, 2.0, 1.5, false, {{{0, 0, 1, 1}, {3, 4}}}};
}

const std::vector<Vec3> apart{{0, 0, 0}, {0, 9, 0}, {2, 0, 0}, {5, 9, 0}};  // now at 2 and 5 Å

std::string refusal(ContactsSpec spec) {
    return refusal_of([&] { contacts(std::move(spec)); });
}

TEST(contacts, hard_cut_counts_pairs_as_near_as_in_the_reference) {
    const auto analysis = contacts(two_contacts(ContactMethod::hard_cut));
    const std::vector<Vec3> as_before{{0, 0, 0}, {0, 9, 0}, {3, 0, 0}, {4, 9, 0}};
    const Result result = result_of(*analysis, {frame_of(0, as_before), frame_of(1, apart)});
    EXPECT_EQ(result[0].values, (std::vector<double>{0, 0.5}));
    EXPECT_EQ(result[1].values, (std::vector<double>{0, 1, 10, 0.5}));
}

TEST(contacts, radius_cut_counts_pairs_within_the_radius_wherever_they_were) {
    const auto analysis = contacts(two_contacts(ContactMethod::radius_cut));
    const std::vector<Vec3> first_far{{0, 0, 0}, {0, 9, 0}, {3.5F, 0, 0}, {3.6F, 9, 0}};
    EXPECT_EQ(series_of(*analysis, {frame_of(0, first_far)}), (std::vector<double>{0, 0.5}));
}

TEST(contacts, soft_cut_is_half_where_the_distance_is_lambda_times_that_in_the_reference) {
    const auto analysis = contacts(two_contacts(ContactMethod::soft_cut));
    const std::vector<Vec3> at_lambda{{0, 0, 0}, {0, 9, 0}, {4.5F, 0, 0}, {6, 9, 0}};
    EXPECT_EQ(series_of(*analysis, {frame_of(0, at_lambda)}), (std::vector<double>{0, 0.5}));
    const double by_hand = (1 / (1 + std::exp(2 * (2 - 4.5))) + 1 / (1 + std::exp(2.0 * (5 - 6)))) / 2;
    EXPECT_NEAR(series_of(*analysis, {frame_of(0, apart)})[1], by_hand, 1e-15);
}

TEST(contacts, each_reference_has_its_column_and_one_without_contacts_is_not_a_number) {
    ContactsSpec spec = two_contacts(ContactMethod::hard_cut);
    spec.references.push_back({});
    spec.references.push_back({{1, 1}, {5}});
    const auto row = series_of(*contacts(spec), {frame_of(0, apart)});
    ASSERT_EQ(row.size(), 4U);
    EXPECT_EQ(row[1], 0.5);
    EXPECT_TRUE(std::isnan(row[2]) && !std::signbit(row[2]));
    EXPECT_EQ(row[3], 1);
}

TEST(contacts, nearest_images_count_only_when_asked_for) {
    const Box box{10, 0, 0, 0, 10, 0, 0, 0, 10};
    ContactsSpec spec{{0}, {1}, ContactMethod::hard_cut, 4.5, 5, 1.8, false, {{{0, 0}, {3}}}};
    const std::vector<Vec3> across{{1, 1, 1}, {9, 1, 1}};
    EXPECT_EQ(series_of(*contacts(spec), {frame_of(0, across, box)})[1], 0);
    spec.pbc = true;
    EXPECT_EQ(series_of(*contacts(spec), {frame_of(0, across, box)})[1], 1);
    EXPECT_EQ(series_of(*contacts(spec), {frame_of(0, across)})[1], 0) << "no box, no images";
}

TEST(contacts, boxes_that_cannot_be_honoured_are_refused_when_they_are_needed) {
    const Box flat{10, 0, 0, 0, 10, 0, 0, 0, 0}, tiny{1e-6F, 0, 0, 0, 10, 0, 0, 0, 10};
    ContactsSpec spec{{0}, {1}, ContactMethod::hard_cut, 4.5, 5, 1.8, false, {{{0, 0}, {3}}}};
    const std::vector<Vec3> positions{{1, 1, 1}, {9, 1, 1}};
    EXPECT_NO_THROW(series_of(*contacts(spec), {frame_of(0, positions, flat)}));
    spec.pbc = true;
    EXPECT_THROW(series_of(*contacts(spec), {frame_of(0, positions, flat)}), ArgumentError);
    EXPECT_THROW(series_of(*contacts(spec), {frame_of(0, positions, tiny)}), ArgumentError);
}

TEST(contacts, no_frames_give_an_empty_table_of_the_right_width) {
    const auto analysis = contacts(two_contacts(ContactMethod::hard_cut));
    const Result result = analysis->conclude(*analysis->empty_state());
    EXPECT_EQ(result[1].shape, (std::vector<Index>{0, 2}));
}

TEST(contacts, its_spec_travels_through_the_catalog) {
    const auto analysis = contacts(two_contacts(ContactMethod::soft_cut));
    ByteWriter writer;
    analysis->write_spec(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto again = rebuild("contacts", reader);
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(series_of(*again, {frame_of(0, apart)}), series_of(*analysis, {frame_of(0, apart)}));
}

TEST(contacts, a_damaged_spec_is_refused_not_run) {
    ContactsSpec spec = two_contacts(ContactMethod::hard_cut);
    spec.references[0].pairs[3] = 2;
    ByteWriter writer;
    writer.write(spec);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    EXPECT_THROW(rebuild("contacts", reader), StateError);
}

TEST(contacts, unusable_specs_are_refused) {
    const auto with = [](auto change) {
        ContactsSpec spec = two_contacts(ContactMethod::soft_cut);
        change(spec);
        return refusal(std::move(spec));
    };
    EXPECT_EQ(with([](auto& spec) { spec.second = {}; }), "the second mobile group holds no atom: select at least one");
    EXPECT_EQ(with([](auto& spec) { spec.radius = -1; }), "radius is -1: it must be finite and not negative");
    EXPECT_EQ(with([](auto& spec) { spec.beta = INFINITY; }), "beta is inf: it must be finite");
    EXPECT_EQ(with([](auto& spec) { spec.references = {}; }), "there is no reference: give at least one");
    EXPECT_EQ(with([](auto& spec) { spec.references[0].pairs[1] = -1; }),
              "reference 0, contact 0: atom -1 is outside its group of 2");
    EXPECT_EQ(with([](auto& spec) { spec.references[0].r0 = {3}; }),
              "reference 0 has 4 places of atoms and 1 distances: two and one for each contact are needed");
    EXPECT_EQ(with([](auto& spec) { spec.references[0].r0 = {3, NAN}; }),
              "a distance in the reference is nan: it must be finite and not negative");
    EXPECT_EQ(with([](auto& spec) { spec.method = static_cast<ContactMethod>(9); }), "contact method 9 is not known");
}

}  // namespace
}  // namespace mdloom::analyses
