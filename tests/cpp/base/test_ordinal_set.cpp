#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <set>

#include "mdloom/base/bytes.hpp"

namespace mdloom {
namespace {

/// The same cases on every machine; RC_PARAMS="seed=..." throws others.
const int fixed_seed = setenv("RC_PARAMS", "seed=20260822 max_success=400", 0);

/// An ordinal set that cannot be wrong.
struct Model {
    std::set<Index> ordinals;

    void add(Range range) {
        for (Index i = range.first; i < range.stop; ++i) ordinals.insert(i);
    }
    void remove(Range range) {
        for (Index i = range.first; i < range.stop; ++i) ordinals.erase(i);
    }
    bool contains(Range range) const {
        for (Index i = range.first; i < range.stop; ++i)
            if (!ordinals.contains(i)) return false;
        return true;
    }
};

struct Step {
    bool adds;
    Range range;
};

rc::Gen<Range> a_range() {
    return rc::gen::map(rc::gen::pair(rc::gen::inRange<Index>(0, 40), rc::gen::inRange<Index>(-2, 12)),
                        [](const auto& at) { return Range{at.first, at.first + at.second}; });
}

rc::Gen<std::vector<Step>> some_steps() {
    return rc::gen::container<std::vector<Step>>(
        rc::gen::map(rc::gen::pair(rc::gen::arbitrary<bool>(), a_range()),
                     [](const auto& step) { return Step{step.first, step.second}; }));
}

[[maybe_unused]] void showValue(const Step& step, std::ostream& out) {
    out << (step.adds ? "add [" : "remove [") << step.range.first << ", " << step.range.stop << ")";
}

std::pair<OrdinalSet, Model> follow(const std::vector<Step>& steps) {
    std::pair<OrdinalSet, Model> both;
    for (const Step& step : steps) {
        if (step.adds)
            both.first.add(step.range), both.second.add(step.range);
        else
            both.first.remove(step.range), both.second.remove(step.range);
    }
    return both;
}

OrdinalSet from_scratch(const Model& model) {
    OrdinalSet set;
    for (Index ordinal : model.ordinals) {
        if (!set.ranges.empty() && set.ranges.back().stop == ordinal)
            ++set.ranges.back().stop;
        else
            set.ranges.push_back({ordinal, ordinal + 1});
    }
    return set;
}

RC_GTEST_PROP(OrdinalSet, adds_and_removes_like_a_set_of_integers, ()) {
    const auto [set, model] = follow(*some_steps());
    RC_ASSERT(set == from_scratch(model));  // also: sorted, neither overlapping nor touching
    RC_ASSERT(set.size() == index_of(model.ordinals.size()));
    RC_ASSERT(set.empty() == model.ordinals.empty());
}

RC_GTEST_PROP(OrdinalSet, contains_what_a_set_of_integers_contains, ()) {
    const auto [set, model] = follow(*some_steps());
    const Range range = *a_range();
    RC_ASSERT(set.contains(range) == model.contains(range));
}

RC_GTEST_PROP(OrdinalSet, adds_removes_and_intersects_whole_sets, ()) {
    auto [set, model] = follow(*some_steps());
    const auto [other, other_model] = follow(*some_steps());
    bool meets = false;
    for (Index ordinal : other_model.ordinals) meets = meets || model.ordinals.contains(ordinal);
    RC_ASSERT(set.intersects(other) == meets);
    RC_ASSERT(other.intersects(set) == meets);
    if (*rc::gen::arbitrary<bool>()) {
        set.add(other);
        model.ordinals.insert(other_model.ordinals.begin(), other_model.ordinals.end());
    } else {
        set.remove(other);
        for (Index ordinal : other_model.ordinals) model.ordinals.erase(ordinal);
    }
    RC_ASSERT(set == from_scratch(model));
}

RC_GTEST_PROP(OrdinalSet, equal_sets_have_equal_bytes_and_survive_them, ()) {
    const auto [set, model] = follow(*some_steps());
    const auto bytes_of = [](const OrdinalSet& value) {
        ByteWriter writer;
        writer.write(value);
        return writer.take();
    };
    const Bytes bytes = bytes_of(set);
    RC_ASSERT(bytes == bytes_of(from_scratch(model)));
    ByteReader reader(bytes);
    RC_ASSERT(reader.read<OrdinalSet>() == set);
    RC_ASSERT(reader.at_end());
}

TEST(OrdinalSet, knows_whether_it_is_sound_and_within_a_range) {
    const auto is_within_ten = [](std::vector<Range> ranges) {
        return OrdinalSet{std::move(ranges)}.is_within({0, 10});
    };
    EXPECT_TRUE(is_within_ten({}));
    EXPECT_TRUE(is_within_ten({{0, 10}}));
    EXPECT_TRUE(is_within_ten({{0, 2}, {3, 4}, {8, 10}}));
    EXPECT_FALSE(is_within_ten({{-1, 3}}));
    EXPECT_FALSE(is_within_ten({{8, 11}}));
    EXPECT_FALSE(is_within_ten({{3, 3}}));
    EXPECT_FALSE(is_within_ten({{5, 3}}));
    EXPECT_FALSE(is_within_ten({{3, 4}, {0, 2}}));
    EXPECT_FALSE(is_within_ten({{0, 4}, {2, 6}}));
    EXPECT_FALSE(is_within_ten({{0, 4}, {4, 6}})) << "touching ranges are one range";
}

TEST(Range, of_nothing_is_empty_even_when_it_runs_backwards) {
    EXPECT_EQ((Range{3, 3}.size()), 0);
    EXPECT_EQ((Range{5, 3}.size()), 0);
    EXPECT_TRUE((Range{5, 3}.empty()));
    EXPECT_EQ((Range{3, 5}.size()), 2);
}

TEST(OrdinalSet, holds_ordinals_as_large_as_an_index) {
    constexpr Index far = INT64_MAX;
    OrdinalSet set;
    set.add({far - 10, far});
    set.add({0, 1});
    EXPECT_EQ(set.size(), 11);
    EXPECT_TRUE(set.contains({far - 10, far}));
    set.remove({far - 5, far});
    EXPECT_EQ(set.size(), 6);
}

}  // namespace
}  // namespace mdloom
