// What each transform does to frames that can be worked out by hand, and what it refuses.
#include <gmock/gmock.h>

#include "mdloom/transforms/catalog.hpp"
#include "mdloom/transforms/periodic.hpp"
#include "mdloom/transforms/rigid.hpp"
#include "mdloom/transforms/transformed_source.hpp"
#include "support/fake_source.hpp"

namespace mdloom::transforms {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Box cube{10, 0, 0, 0, 10, 0, 0, 0, 10};
constexpr Box slanted{10, 0, 0, 4, 10, 0, 0, 0, 10};

/// The positions of these atoms in a frame after one transform.
std::vector<Vec3> after(std::shared_ptr<const Transform> transform, std::vector<Vec3> positions, Box box = cube,
                        std::vector<Index> wanted = {}) {
    if (wanted.empty())
        for (std::size_t i = 0; i < positions.size(); ++i) wanted.push_back(index_of(i));
    const auto source = std::make_shared<laws::FakeSource>(std::vector<laws::FakeSource::Moment>{{positions, 0, box}});
    Frame frame;
    transformed(source, {std::move(transform)})->open_reader()->read(0, wanted, frame);
    return frame.positions;
}

template <class Call>
std::string refusal(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was refused";
}

TEST(translate, adds_the_vector_to_every_atom) {
    EXPECT_THAT(after(translate({1, -2, 3}), {{0, 0, 0}, {4, 5, 6}}), ElementsAre(Vec3{1, -2, 3}, Vec3{5, 3, 9}));
}

TEST(center, moves_the_middle_of_a_group_to_the_middle_of_the_box) {
    EXPECT_THAT(after(center({{0, 1}, {}, false, {}}), {{0, 0, 0}, {2, 4, 6}, {1, 1, 1}}),
                ElementsAre(Vec3{4, 3, 2}, Vec3{6, 7, 8}, Vec3{5, 4, 3}));
}

TEST(center, goes_by_weights_and_to_a_point_without_a_box) {
    EXPECT_THAT(after(center({{0, 1}, {3, 1}, false, {0, 0, 0}}), {{0, 0, 0}, {4, 0, 0}}, {}),
                ElementsAre(Vec3{-1, 0, 0}, Vec3{3, 0, 0}));
}

TEST(center, of_wrapped_atoms_is_the_centre_of_those_in_the_cell) {
    EXPECT_THAT(after(center({{0, 1}, {}, true, {}}), {{1, 5, 5}, {13, 5, 5}}),
                ElementsAre(Vec3{4, 5, 5}, Vec3{16, 5, 5}));
}

TEST(center, reads_the_group_also_when_nobody_else_wants_it) {
    EXPECT_THAT(after(center({{0, 1}, {}, false, {}}), {{0, 0, 0}, {2, 4, 6}, {1, 1, 1}}, cube, {2}),
                ElementsAre(Vec3{5, 4, 3}));
}

TEST(fit, turns_and_moves_a_frame_on_its_reference) {
    // A quarter turn about z, and 10 along x.
    const std::vector<double> reference{10, 0, 0, 10, 1, 0, 8, 0, 0, 10, 0, 3};
    const auto found =
        after(fit({{0, 1, 2, 3}, reference, {}, true, -1}), {{0, 0, 0}, {1, 0, 0}, {0, 2, 0}, {0, 0, 3}, {5, 5, 5}});
    const std::vector<Vec3> expected{{10, 0, 0}, {10, 1, 0}, {8, 0, 0}, {10, 0, 3}, {5, 5, 5}};
    for (std::size_t i = 0; i < expected.size(); ++i)
        for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(found[i][k], expected[i][k], 1e-5) << i << " " << k;
}

TEST(fit, without_rotation_lays_centres_on_each_other_and_can_keep_an_axis) {
    const std::vector<double> reference{1, 2, 3, 3, 2, 3};
    EXPECT_THAT(after(fit({{0, 1}, reference, {}, false, 2}), {{0, 0, 0}, {2, 0, 0}}),
                ElementsAre(Vec3{1, 2, 0}, Vec3{3, 2, 0}));
}

TEST(wrap, moves_each_atom_into_the_cell) {
    EXPECT_THAT(after(wrap({{0, 1}, {}, {}}), {{-1, 11, 25}, {10, 0, 5}, {77, 77, 77}}),
                ElementsAre(Vec3{9, 1, 5}, Vec3{0, 0, 5}, Vec3{77, 77, 77}));
}

TEST(wrap, moves_a_compound_as_one_by_its_centre_of_mass) {
    EXPECT_THAT(after(wrap({{0, 1}, {2}, {1, 3}}), {{9, 5, 5}, {11, 5, 5}}),
                ElementsAre(Vec3{-1, 5, 5}, Vec3{1, 5, 5}));
    EXPECT_THAT(after(wrap({{0, 1}, {2}, {3, 1}}), {{9, 5, 5}, {11, 5, 5}}),
                ElementsAre(Vec3{9, 5, 5}, Vec3{11, 5, 5}));
}

TEST(wrap, in_a_skewed_cell_goes_by_its_vectors) {
    EXPECT_THAT(after(wrap({{0}, {1}, {1}}), {{5, 11, 5}}, slanted), ElementsAre(Vec3{1, 1, 5}));
}

TEST(unwrap, puts_children_next_to_their_parents_along_the_bonds) {
    EXPECT_THAT(after(unwrap({{1, 2}, {0, 1}}), {{9, 5, 5}, {1, 5, 5}, {3, 5, 5}}),
                ElementsAre(Vec3{9, 5, 5}, Vec3{11, 5, 5}, Vec3{13, 5, 5}));
}

TEST(unwrap, reads_the_atoms_that_a_wanted_one_hangs_on) {
    EXPECT_THAT(after(unwrap({{1, 2}, {0, 1}}), {{9, 5, 5}, {1, 5, 5}, {3, 5, 5}}, cube, {2}),
                ElementsAre(Vec3{13, 5, 5}));
}

TEST(set_box, gives_the_same_or_each_frame_its_own) {
    const std::vector<laws::FakeSource::Moment> moments{{{{1, 2, 3}}}, {{{1, 2, 3}}}};
    const auto source = std::make_shared<laws::FakeSource>(moments);
    Frame frame;
    transformed(source, {set_box({cube})})->open_reader()->read(1, {}, frame);
    EXPECT_EQ(frame.box, cube);
    const auto changing = transformed(source, {set_box({cube, slanted})});
    const auto reader = changing->open_reader();
    const std::vector<Index> wanted{0};
    reader->read(1, wanted, frame);
    EXPECT_EQ(frame.box, slanted);
    reader->read(0, wanted, frame);
    EXPECT_EQ(frame.box, cube);
}

TEST(transforms, that_need_a_box_say_so_with_file_and_frame) {
    for (const auto& transform : {unwrap({{1}, {0}}), wrap({{0}, {}, {}}), wrap({{0}, {1}, {1}}),
                                  center({{0}, {}, false, {}}), center({{0}, {}, true, {0, 0, 0}})})
        EXPECT_THAT(
            refusal([&] { after(transform, {{1, 1, 1}, {2, 2, 2}}, {}); }),
            testing::AllOf(HasSubstr("fake, frame 0: "), HasSubstr("needs the frame's box, and there is none")));
}

TEST(transforms, of_nothing_or_with_weights_that_do_not_fit_are_refused) {
    EXPECT_THAT(refusal([] { center({}); }), HasSubstr("holds no atom"));
    EXPECT_THAT(refusal([] { center({{0, 1}, {1}, false, {}}); }), HasSubstr("center has 2 atoms and 1 weights"));
    EXPECT_THAT(refusal([] { center({{0, 1}, {2, -1}, false, {}}); }), HasSubstr("weight 1 is -1"));
    EXPECT_THAT(refusal([] { center({{0}, {0}, false, {}}); }), HasSubstr("the sum of the weights is 0"));
    EXPECT_THAT(refusal([] { center({{0}, {}, false, {1, 2}}); }), HasSubstr("a point has 3 coordinates, not 2"));
    EXPECT_THAT(refusal([] { fit({{0}, {1, 2}, {}, true, -1}); }), HasSubstr("2 reference coordinates: 3 are needed"));
    EXPECT_THAT(refusal([] { fit({{0}, {1, 2, NAN}, {}, true, -1}); }), HasSubstr("not finite"));
    EXPECT_THAT(refusal([] { fit({{0}, {1, 2, 3}, {}, true, 1}); }), HasSubstr("by translations only"));
    EXPECT_THAT(refusal([] { translate({0, INFINITY, 0}); }), HasSubstr("must be finite"));
    EXPECT_THAT(refusal([] { wrap({{0, 1}, {1}, {1, 1}}); }), HasSubstr("do not fit"));
    EXPECT_THAT(refusal([] { wrap({{0, 1}, {2}, {0, 0}}); }), HasSubstr("it has no centre of mass"));
    EXPECT_THAT(refusal([] { unwrap({{0, 1}, {1}}); }), HasSubstr("2 children and 1 parents"));
    EXPECT_THAT(refusal([] { set_box({}); }), HasSubstr("no box is given"));
}

TEST(transforms, of_atoms_that_are_not_there_are_refused) {
    for (const auto& transform : {unwrap({{1}, {7}}), unwrap({{-1}, {0}}), wrap({{2}, {}, {}}),
                                  center({{0, 5}, {}, false, {}}), fit({{3}, {1, 2, 3}, {}, true, -1})})
        EXPECT_THAT(refusal([&] { after(transform, {{1, 1, 1}, {2, 2, 2}}); }), HasSubstr("but there are 2 atoms"));
}

TEST(transforms, a_name_that_is_not_listed_is_refused) {
    ByteReader nothing({});
    EXPECT_THAT(refusal([&] { rebuild("no_jump", nothing); }),
                HasSubstr("this version knows no transform \"no_jump\""));
}

}  // namespace
}  // namespace mdloom::transforms
