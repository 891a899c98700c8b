#include "mdloom/kernels/pair_histogram.hpp"

#include "mdloom/kernels/pair_scan.hpp"

namespace mdloom::kernels {
namespace {

constexpr double float_step = 0x1p-24;    // what rounding to float32 may move a number by, of itself
constexpr double most_doubt = 0.05;       // of a bin: above, measuring each pair is as fast
constexpr std::size_t most_bins = 60000;  // their counts stay in the cache
constexpr std::size_t batch = 2048;       // hits
constexpr std::uint64_t most_in_32_bits = std::uint64_t{1} << 31;

/// How far float32 distances may be from those that `distances` computes, and what follows from that.
struct Precision {
    double error;  ///< Å
    BinRule rule;
    bool is_enough;

    Precision(const Division& division, const DistanceBins& bins, double most_seen) {
        // Coordinates of candidates and their differences are rounded once each, their squares, sum and root once each.
        error = (4 * farthest(division) + 6 * bins.last()) * float_step;
        if (division.periodic)  // atoms a million boxes away
            for (const Point& v : division.cell.vectors) error += 1e-8 * std::sqrt(dot(v, v));
        const double offset = 1 - bins.first() * bins.per_length(), size = static_cast<double>(bins.size());
        const double places = 4 * (bins.last() * bins.per_length() + std::abs(offset) + size) * float_step;
        // Where the box is met from both sides, a pair may be seen twice near `last`: both times in doubt.
        const double doubt = 4 * (error * bins.per_length() + places);
        rule = {static_cast<float>(bins.per_length()), static_cast<float>(offset), static_cast<float>(size + 1.5),
                static_cast<float>(doubt), static_cast<std::int32_t>(bins.size() + 2)};
        is_enough = doubt < most_doubt && bins.last() + 2 * error < most_seen;
    }

private:
    /// The largest coordinate of a candidate about the centre of the cell that looks at it.
    static double farthest(const Division& division) {
        double most = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            double along = 0;
            for (std::size_t row = 0; row < 3; ++row) {
                const double cells =
                    static_cast<double>(division.reach[row] + 1) / static_cast<double>(division.n[row]);
                if (division.periodic)
                    along += cells * std::abs(division.cell.vectors[row][k]);
                else if (row == k && division.inverse[k] > 0)
                    along += cells / division.inverse[k];
            }
            most = std::max(most, along);
        }
        return most;
    }
};

/// Counts the pairs of one cell after the other.
class CellCounter {
public:
    CellCounter(const GroupPair& groups, const PeriodicBox& box, const DistanceBins& bins, const Division& division,
                const Precision& precision, Simd level, std::span<Index> counts)
        : groups_(groups),
          box_(box),
          bins_(bins),
          grid_b_(make_cell_grid(groups.b, division)),
          grid_a_(groups.within ? CellGrid{} : make_cell_grid(groups.a, division)),
          rule_(precision.rule),
          may_repeat_(bins.last() + 4 * precision.error > half_shortest(box)),
          level_(level),
          counts_(counts),
          private_counts_(4 * n_private()) {
        const double limit = bins.last() + 2 * precision.error;
        limit_square_ = static_cast<float>(limit * limit * (1 + 4 * float_step));
        for (std::vector<double>* row : {&grid_b_.x, &grid_b_.y, &grid_b_.z})
            row->resize(row->size() + Candidates::padding);
        grid_b_.atom.resize(grid_b_.atom.size() + Candidates::padding);
    }

    void count() {
        const Division& division = grid_b_.division;
        std::array<Index, 3> cell{};
        for (cell[2] = 0; cell[2] < division.n[2]; ++cell[2])
            for (cell[1] = 0; cell[1] < division.n[1]; ++cell[1])
                for (cell[0] = 0; cell[0] < division.n[0]; ++cell[0]) count_cell(cell);
        measure_doubted();
        take_private();
    }

private:
    std::size_t n_private() const { return bins_.size() + 3; }
    const CellGrid& grid_a() const { return groups_.within ? grid_b_ : grid_a_; }
    std::size_t number_of(const std::array<Index, 3>& cell) const {
        const auto& n = grid_b_.division.n;
        return usize((cell[2] * n[1] + cell[1]) * n[0] + cell[0]);
    }

    void count_cell(const std::array<Index, 3>& cell) {
        const CellGrid& grid = grid_a();
        const std::size_t number = number_of(cell), first = grid.start[number], stop = grid.start[number + 1];
        if (first == stop) return;
        gather(cell);
        const std::size_t room = batch + candidates_.n + Candidates::padding;
        if (hits_.squares.size() < room) hits_.squares.resize(room), hits_.places.resize(room), found_.resize(room);
        for (std::size_t i = first; i < stop; ++i) {
            const float at[3] = {static_cast<float>(grid.x[i] - centre_[0]), static_cast<float>(grid.y[i] - centre_[1]),
                                 static_cast<float>(grid.z[i] - centre_[2])};
            scan(candidates_, groups_.within ? i - first + 1 : 0, at, limit_square_, hits_, level_);
            seen_from_.push_back({hits_.n, grid.atom[i]});
            if (hits_.n >= batch) bin_hits();
        }
        bin_hits();
    }

    /// All that a cell's atoms may be near to; within one group, first the cell's own, and then one half of space only.
    void gather(const std::array<Index, 3>& cell) {
        const Division& division = grid_b_.division;
        const bool within = groups_.within;
        centre_ = centre_of(cell);
        candidates_.n = 0;
        if (within) add_row(cell, {0, 0, 0}, 0);
        for (Index d2 = within ? 0 : -division.reach[2]; d2 <= division.reach[2]; ++d2)
            for (Index d1 = within && d2 == 0 ? 0 : -division.reach[1]; d1 <= division.reach[1]; ++d1) {
                const bool own_row = within && d2 == 0 && d1 == 0;
                add_row(cell, {own_row ? 1 : -division.reach[0], d1, d2}, division.reach[0]);
            }
        resize_candidates(candidates_.n + Candidates::padding);
        for (std::vector<float>* row : {&candidates_.x, &candidates_.y, &candidates_.z})
            std::fill_n(row->begin() + static_cast<std::ptrdiff_t>(candidates_.n), Candidates::padding,
                        Candidates::far_away);
    }

    Point centre_of(const std::array<Index, 3>& cell) const {
        const Division& division = grid_b_.division;
        Point centre = division.periodic ? Point{} : division.origin;
        for (std::size_t row = 0; row < 3; ++row) {
            const double part = (static_cast<double>(cell[row]) + 0.5) / static_cast<double>(division.n[row]);
            if (division.periodic)
                for (std::size_t k = 0; k < 3; ++k) centre[k] += part * division.cell.vectors[row][k];
            else if (division.inverse[row] > 0)
                centre[row] += part / division.inverse[row];
        }
        return centre;
    }

    /// The atoms of the cells (cell + from) to (cell[0] + last, ...): a run in memory, but where the box ends.
    void add_row(const std::array<Index, 3>& cell, const std::array<Index, 3>& from, Index last) {
        const Division& division = grid_b_.division;
        std::array<Index, 3> at{}, image{};
        for (std::size_t k : {1U, 2U}) {
            image[k] = floor_divide(cell[k] + from[k], division.n[k]);
            at[k] = cell[k] + from[k] - image[k] * division.n[k];
            if (image[k] != 0 && !division.periodic) return;
        }
        for (Index c = cell[0] + from[0]; c <= cell[0] + last;) {
            image[0] = floor_divide(c, division.n[0]);
            const Index stop = std::min(cell[0] + last + 1, (image[0] + 1) * division.n[0]);
            at[0] = c - image[0] * division.n[0];
            if (image[0] == 0 || division.periodic) {
                const std::size_t number = number_of(at);
                add(grid_b_.start[number], grid_b_.start[number + usize(stop - c)], image);
            }
            c = stop;
        }
    }
    static Index floor_divide(Index i, Index n) { return i >= 0 ? i / n : -((n - 1 - i) / n); }

    void add(std::size_t first, std::size_t stop, const std::array<Index, 3>& image) {
        Point shift{-centre_[0], -centre_[1], -centre_[2]};
        for (std::size_t row = 0; row < 3; ++row)
            for (std::size_t k = 0; k < 3; ++k)
                shift[k] += static_cast<double>(image[row]) * grid_b_.division.cell.vectors[row][k];
        resize_candidates(candidates_.n + (stop - first) + Candidates::padding);
        append_shifted({grid_b_.x.data() + first, grid_b_.y.data() + first, grid_b_.z.data() + first}, stop - first,
                       shift, grid_b_.atom.data() + first, candidates_, level_);
    }
    /// Never smaller: what was written once is not cleared again.
    void resize_candidates(std::size_t n) {
        if (candidates_.atom.size() >= n) return;
        for (std::vector<float>* row : {&candidates_.x, &candidates_.y, &candidates_.z}) row->resize(2 * n);
        candidates_.atom.resize(2 * n);
    }

    void bin_hits() {
        const bool any_doubt = find_bins(hits_, rule_, found_.data(), level_);
        const std::size_t n = hits_.n, stride = n_private();
        std::uint32_t* const to = private_counts_.data();
        std::size_t k = 0;
        for (; k + 4 <= n; k += 4)  // counters of their own: the next one need not wait for the last
            for (std::size_t copy = 0; copy < 4; ++copy) ++to[copy * stride + usize(found_[k + copy])];
        for (; k < n; ++k) ++to[usize(found_[k])];
        if (any_doubt) note_doubted();
        n_counted_ += n;
        if (n_counted_ >= most_in_32_bits) take_private();
        hits_.n = 0;
        seen_from_.clear();
    }

    void note_doubted() {
        for (std::size_t k = 0; k < hits_.n; ++k)
            if (found_[k] == rule_.doubted) {
                const auto from = std::ranges::upper_bound(seen_from_, k, {}, &SeenFrom::stop);
                doubted_.emplace_back(from->atom, candidates_.atom[hits_.places[k]]);
            }
        if (!may_repeat_ && doubted_.size() >= batch) measure_doubted();
    }

    void measure_doubted() {
        if (groups_.within)
            for (auto& [i, j] : doubted_)
                if (i > j) std::swap(i, j);
        if (may_repeat_) {
            std::ranges::sort(doubted_);
            doubted_.erase(std::ranges::unique(doubted_).begin(), doubted_.end());
        }
        with_images(box_, [&](const auto& images) {
            for (const auto& [i, j] : doubted_) {
                const std::size_t bin = bins_.of_square(square_between(groups_, i, j, images));
                if (bin < bins_.size()) ++counts_[bin];
            }
        });
        doubted_.clear();
    }

    void take_private() {
        for (std::size_t copy = 0; copy < 4; ++copy)
            for (std::size_t bin = 0; bin < bins_.size(); ++bin)
                counts_[bin] += private_counts_[copy * n_private() + bin + 1];
        std::ranges::fill(private_counts_, 0U);
        n_counted_ = 0;
    }

    /// Hits up to `stop` are seen from this atom.
    struct SeenFrom {
        std::size_t stop;
        std::uint32_t atom;
    };

    const GroupPair& groups_;
    const PeriodicBox& box_;
    const DistanceBins& bins_;
    CellGrid grid_b_, grid_a_;
    BinRule rule_;
    bool may_repeat_;  ///< two images of a pair may be seen
    Simd level_;
    std::span<Index> counts_;
    float limit_square_ = 0;
    Point centre_{};
    Candidates candidates_{};
    Hits hits_{};
    std::vector<std::int32_t> found_;  ///< bins of the hits; the first is below all
    std::vector<SeenFrom> seen_from_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> doubted_;
    std::vector<std::uint32_t> private_counts_;  ///< [4][below, bins, above, in doubt]
    std::uint64_t n_counted_ = 0;
};

}  // namespace

void count_pairs(const GroupPair& groups, const PeriodicBox& box, const DistanceBins& bins, Simd level,
                 std::span<Index> counts) {
    if (!is_small(groups) && bins.size() <= most_bins && bins.last() <= half_shortest(box)) {
        const double most_seen = bins.last() * 1.001;
        const Division division = divide(groups.a, groups.b, box, most_seen);
        const Precision precision(division, bins, most_seen);
        if (precision.is_enough) return CellCounter(groups, box, bins, division, precision, level, counts).count();
    }
    for_each_near(groups, box, bins.last(), [&](std::size_t, std::size_t, double square) {
        if (const std::size_t bin = bins.of_square(square); bin < counts.size()) ++counts[bin];
    });
}

}  // namespace mdloom::kernels
