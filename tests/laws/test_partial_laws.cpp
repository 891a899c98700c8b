// What states are made of: exact for any cut, refused in the same words, right by plain arithmetic.
#include <gmock/gmock.h>

#include <numbers>

#include "mdloom/backends/catalog.hpp"
#include "support/case.hpp"
#include "support/toys.hpp"

namespace mdloom::laws {
namespace {

struct TotalInDouble {
    double total;
};
struct SumNextToDouble {
    ExactSum sum;
    double total;
};
struct HistogramAndVolume {
    Counts histogram;
    ExactSum volume;
};
struct Nothing {};
static_assert(!MadeOfPartials<TotalInDouble>, "a floating-point accumulator must not compile as a State");
static_assert(!MadeOfPartials<SumNextToDouble>);
static_assert(MadeOfPartials<HistogramAndVolume>);
static_assert(MadeOfPartials<Nothing>);
static_assert(!Partial<double> && !Partial<std::vector<double>> && !Partial<Index>);
static_assert(Partial<Counts> && Partial<ExactSum> && Partial<ExactMoments> && Partial<Rows>);

TEST(PartialLaws, saturation_law_squares_too_large_give_the_same_refusal_for_any_cut) {
    const auto far = [](Index n) {
        auto moments = ExactMoments::zeros(2, Grid{-40});
        while (n-- > 0) moments.add_frame(std::array{1.0, 0x1.fp21});
        return moments;
    };
    const ExactMoments whole = far(80);
    const std::string refusal = error_of([&] { whole.sum_of_squares(1); });
    EXPECT_THAT(refusal, testing::StartsWith("value 1 is too large"));
    EXPECT_EQ(whole.sum_of_squares(0), 0.0);
    EXPECT_EQ(whole.mean(1), 0x1.fp21);
    for_cases(200, [&](Dice& dice) {
        const Index cut = dice.between(0, 80), second_cut = dice.between(cut, 80);
        ExactMoments parts = far(second_cut - cut);
        parts.merge(far(cut));
        parts.merge(far(80 - second_cut));
        EXPECT_EQ(parts.squares, whole.squares);
        EXPECT_EQ(parts.sums, whole.sums);
        EXPECT_EQ(error_of([&] { parts.sum_of_squares(1); }), refusal);
    });
}

TEST(PartialLaws, numbers_are_those_of_plain_double_by_hand) {
    for_cases(300, [](Dice& dice) {
        Case given = Case::random(dice);
        if (given.frames.empty()) return;
        const Group group = random_group(dice, given);
        std::vector<std::unique_ptr<Analysis>> analyses;
        analyses.push_back(analyses::make_analysis(Total{group}));
        analyses.push_back(analyses::make_analysis(Fluctuation{group}));
        const engine::Run run(std::make_shared<FakeSource>(given.moments), given.topology, FrameSelection(given.frames),
                              std::move(analyses));
        const auto results = run.conclude(gather(run, *mdloom::backends::threads(3)));
        const auto at = [&](Index frame, Index atom, std::size_t k) {
            return double{given.moments[usize(frame)].positions[usize(atom)][k]};
        };
        const double n = static_cast<double>(given.frames.size());
        std::array<double, 3> total{};
        for (std::size_t i = 0; i < group.size(); ++i) {
            double squares = 0;
            for (std::size_t k = 0; k < 3; ++k) {
                double sum = 0;
                for (Index frame : given.frames) sum += at(frame, group[i], k);
                for (Index frame : given.frames) squares += std::pow(at(frame, group[i], k) - sum / n, 2);
                total[k] += sum;
            }
            EXPECT_NEAR(results[1][0].values[i], std::sqrt(squares / n), 1.5e-11);
        }
        for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(results[0][0].values[k], total[k], 1e-11 * std::abs(total[k]));
    });
}

/// Far from the origin plain double loses every digit of a small fluctuation; integers do not.
TEST(PartialLaws, moments_do_not_cancel_far_from_the_origin) {
    for_cases(200, [](Dice& dice) {
        const double far = static_cast<double>(dice.between(-1'000'000, 1'000'000));
        auto moments = ExactMoments::zeros(1, Grid{-40});
        const Index n = dice.between(1, 50);
        for (Index i = 0; i < n; ++i) {
            moments.add_frame(std::array{far + 0x1p-20});
            moments.add_frame(std::array{far - 0x1p-20});
        }
        EXPECT_EQ(moments.mean(0), far);
        EXPECT_EQ(moments.sum_of_squares(0), static_cast<double>(2 * n) * 0x1p-40);
    });
}

}  // namespace
}  // namespace mdloom::laws
