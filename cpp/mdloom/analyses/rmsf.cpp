#include "mdloom/analyses/rmsf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/coordinate_sums.hpp"
#include "mdloom/partials/exact_moments.hpp"

namespace mdloom::analyses {
namespace {

void require_atoms(const Group& group) {
    if (group.empty()) throw ArgumentError("the group holds no atom: select at least one");
}

/// What a worker adds up before it goes into the state. Some frames are summed together, so that the sums' 72 bytes an
/// atom are touched once for all of them: copies of all but the last one wait.
class FrameSums {
public:
    void add(kernels::Positions coordinates, ExactMoments& moments, Simd level) {
        n_coordinates_ = coordinates.size();
        sums_.resize((n_coordinates_ + kernels::summed_width - 1) / kernels::summed_width);
        waiting_.resize((kernels::most_frames_at_once - 1) * n_coordinates_);
        frames_[n_waiting_++] = coordinates.data();
        if (n_waiting_ == kernels::most_frames_at_once) return sum_waiting(moments, level);
        float* const copy = waiting_.data() + (n_waiting_ - 1) * n_coordinates_;
        std::ranges::copy(coordinates, copy);
        frames_[n_waiting_ - 1] = copy;
    }

    /// The integers that ExactMoments::add_frame() would have added.
    void finish(ExactMoments& moments, Simd level) {
        sum_waiting(moments, level);
        std::size_t first = 0;
        for (kernels::RunningSums& sums : sums_) {
            const auto exact = kernels::exact_sums(sums, n_summed_);
            const std::size_t n = std::min(exact.size(), n_coordinates_ - first);
            for (std::size_t i = 0; i < n; ++i) moments.add_integers(first + i, exact[i].sum, exact[i].squares);
            sums.bits = sums.low = sums.high = {};  // the whole struct would be cleared by a loop
            first += exact.size();
        }
        moments.n_frames += index_of(std::exchange(n_summed_, 0));
    }

private:
    void sum_waiting(ExactMoments& moments, Simd level) {
        const auto frames = std::span(frames_).first(std::exchange(n_waiting_, 0));
        if (frames.empty()) return;
        const auto sum_from = [&](std::size_t first) {
            return kernels::add_coordinates(frames, n_coordinates_, first, sums_.data(), level);
        };
        for (std::size_t far = sum_from(0); far < sums_.size(); far = sum_from(far + 1)) {
            const std::size_t first = far * kernels::summed_width;
            for (std::size_t i = first; i < std::min(first + kernels::summed_width, n_coordinates_); ++i)
                for (const float* frame : frames) moments.add_value(i, static_cast<double>(frame[i]));
        }
        n_summed_ += frames.size();
        if (n_summed_ + kernels::most_frames_at_once > kernels::most_summed_frames) finish(moments, level);
    }

    std::size_t n_coordinates_ = 0, n_waiting_ = 0, n_summed_ = 0;
    std::array<const float*, kernels::most_frames_at_once> frames_{};  ///< that wait
    std::vector<float> waiting_;
    std::vector<kernels::RunningSums> sums_;
};

struct Rmsf {
    static constexpr std::string_view name = "rmsf";
    static constexpr Index state_version = 1;

    Group group;

    void settle() const { require_atoms(group); }

    struct State {
        ExactMoments moments;  ///< of x, y, z of each atom
    };
    struct Scratch {
        bool ready = false;
        Simd level{};
        GroupPositions positions;
        FrameSums sums;
    };

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System&) {}
    State empty_state() const { return {ExactMoments::zeros(n_values(), Grid{-40})}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) {
            scratch.level = chosen_simd();
            scratch.positions.look_at(groups[0]);
            scratch.ready = true;
        }
        scratch.sums.add(scratch.positions.of(frame, groups[0]), state.moments, scratch.level);
    }
    void finish_chunk(Scratch& scratch, State& state) const { scratch.sums.finish(state.moments, scratch.level); }

    Result conclude(const State& state) const {
        const ExactMoments& moments = state.moments;
        require_whole(moments);
        const Index n_atoms = index_of(group.size());
        const auto n_frames = static_cast<double>(moments.n_frames);
        Column rmsf{"rmsf", "Å", {n_atoms}, {}}, mean{"mean", "Å", {n_atoms, 3}, {}},
            sumsquares{"sumsquares", "Å^2", {n_atoms, 3}, {}};
        rmsf.values.reserve(group.size());
        mean.values.reserve(3 * group.size());
        sumsquares.values.reserve(3 * group.size());
        for (std::size_t atom = 0; atom < group.size(); ++atom) {
            double sum = 0;
            for (std::size_t i = 3 * atom; i < 3 * atom + 3; ++i) {
                mean.values.push_back(moments.mean(i));
                sumsquares.values.push_back(sum_of_squares(moments, i));
                sum += sumsquares.values.back();
            }
            rmsf.values.push_back(std::sqrt(sum / n_frames));
        }
        return result_of(std::move(rmsf), std::move(mean), std::move(sumsquares));
    }

private:
    Index n_values() const { return 3 * index_of(group.size()); }

    void require_whole(const ExactMoments& moments) const {
        const std::size_t n = usize(n_values());
        if (moments.sums.size() != n || moments.squares.size() != n || moments.n_frames < 0)
            throw StateError(fmt::format("state is damaged: {} sums and {} squares of {} frames for {} atoms",
                                         moments.sums.size(), moments.squares.size(), moments.n_frames, group.size()));
    }

    double sum_of_squares(const ExactMoments& moments, std::size_t i) const try {
        return moments.sum_of_squares(i);
    } catch (const StateError&) {
        throw StateError(
            fmt::format("the squares of the coordinates of atom {} over {} frames are too large to sum exactly: move "
                        "the system to the origin",
                        group[i / 3], moments.n_frames));
    }
};

}  // namespace

std::unique_ptr<Analysis> rmsf(Group group) {
    return make_analysis(Rmsf{std::move(group)});
}

std::unique_ptr<Analysis> blank_rmsf() {
    return blank_analysis<Rmsf>();
}

}  // namespace mdloom::analyses
