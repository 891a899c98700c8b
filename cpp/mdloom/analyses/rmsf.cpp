#include "mdloom/analyses/rmsf.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/coordinate_sums.hpp"
#include "mdloom/partials/exact_moments.hpp"

namespace mdloom::analyses {
namespace {

void require_atoms(const Group& group) {
    if (group.empty()) throw ArgumentError("the group holds no atom: select at least one");
}

/// Frames that wait to be summed together: the state's 96 bytes per atom are then touched once for all of them.
class WaitingFrames {
public:
    void add(kernels::Positions coordinates) {
        n_coordinates_ = coordinates.size();
        stride_ = (n_coordinates_ + kernels::summed_width - 1) / kernels::summed_width * kernels::summed_width;
        frames_.resize((n_frames_ + 1) * stride_);
        std::ranges::copy(coordinates, frames_.begin() + index_of(n_frames_ * stride_));
        ++n_frames_;
    }
    bool is_full() const { return n_frames_ == (n_coordinates_ > many ? 16 : kernels::most_summed_frames); }

    /// The integers that ExactMoments::add_frame() would have added.
    void sum_into(ExactMoments& moments, Simd level) {
        if (n_frames_ == 0) return;
        kernels::CoordinateSums found;
        for (std::size_t first = 0; first < n_coordinates_; first += kernels::summed_width) {
            kernels::coordinate_sums(frames_.data() + first, n_frames_, stride_, found, level);
            const std::size_t n = std::min(kernels::summed_width, n_coordinates_ - first);
            for (std::size_t i = 0; i < n; ++i)
                if (found.is_exact[i])
                    moments.add_integers(first + i, found.sums[i], found.squares[i]);
                else
                    for (std::size_t frame = 0; frame < n_frames_; ++frame)
                        moments.add_value(first + i, static_cast<double>(frames_[frame * stride_ + first + i]));
        }
        moments.n_frames += index_of(n_frames_);
        n_frames_ = 0;
    }

private:
    static constexpr std::size_t many = 300'000;  ///< of large systems, fewer wait: 192 bytes per atom and worker

    std::size_t n_frames_ = 0, n_coordinates_ = 0, stride_ = 0;
    std::vector<float> frames_;  ///< what fills a frame up to its stride is summed, too, and not looked at
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
        WaitingFrames waiting;
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
        scratch.waiting.add(scratch.positions.of(frame, groups[0]));
        if (scratch.waiting.is_full()) scratch.waiting.sum_into(state.moments, scratch.level);
    }
    void finish_chunk(Scratch& scratch, State& state) const { scratch.waiting.sum_into(state.moments, scratch.level); }

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
