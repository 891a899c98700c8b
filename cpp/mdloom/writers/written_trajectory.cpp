#include "mdloom/writers/written_trajectory.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::writers {
namespace {

constexpr double half = 0x1p32;  ///< a checksum of 64 bits makes two numbers that a double holds exactly

/// Frames that were not read from a file with steps are counted.
Index step_of(const Frame& frame) {
    const bool has_step = frame.stored.n_cell > 0 || frame.stored.step != 0;
    return has_step ? frame.stored.step : frame.index;
}

struct WrittenTrajectory {
    static constexpr std::string_view name = written_trajectory_name;
    static constexpr Index state_version = 1;
    static constexpr Index row_width = 5;

    WrittenTrajectorySpec spec;

    void settle() const {
        if (spec.group.empty()) throw ArgumentError("there is no atom to write: select at least one");
        if (index_of(spec.group.size()) != spec.encoder.n_atoms)
            throw ArgumentError(
                fmt::format("the file is for {} atoms, and {} are given", spec.encoder.n_atoms, spec.group.size()));
        writers::make_encoder(spec.encoder);
    }

    struct State {
        Rows rows;  ///< frame index, time (ps), bytes, the halves of their checksum: never where they are
    };
    struct Scratch {
        std::unique_ptr<FrameEncoder> encoder;
        PartWriter part;
        bool is_run = false;  ///< the group is a run of the frame's positions: nothing is copied
        std::vector<Vec3> gathered;
    };

    std::vector<Group> groups() const { return {spec.group}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(row_width)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.encoder) make_ready(scratch, groups[0]);
        const EncodedFrame out{frame.ordinal, step_of(frame), frame.time, frame.box,
                               positions_of(frame, groups[0], scratch)};
        const auto record = scratch.part.add(frame.ordinal, [&](Bytes& bytes) { scratch.encoder->append(out, bytes); });
        state.rows.put(
            frame.ordinal,
            std::array{static_cast<double>(frame.index), frame.time, static_cast<double>(record.n_bytes),
                       static_cast<double>(record.checksum >> 32), static_cast<double>(record.checksum & 0xffff'ffff)});
    }
    void finish_chunk(Scratch& scratch, State&) const { scratch.part.flush(); }

    Result conclude(const State& state) const {
        if (state.rows.n_columns != row_width)
            throw StateError(fmt::format("state is damaged: rows of {} numbers", state.rows.n_columns));
        Column written{"written", "", {state.rows.n_rows(), row_width + 1}, {}};
        written.values.reserve(usize(state.rows.n_rows() * (row_width + 1)));
        state.rows.for_each([&](Index ordinal, std::span<const double> rows) {
            for (; !rows.empty(); rows = rows.subspan(row_width)) {
                written.values.push_back(static_cast<double>(ordinal));
                written.values.insert(written.values.end(), rows.begin(), rows.begin() + row_width);
            }
        });
        return analyses::result_of(std::move(written));
    }

private:
    void make_ready(Scratch& scratch, const Group& group) const {
        scratch.encoder = make_encoder(spec.encoder);
        scratch.part = PartWriter(spec.folder);
        scratch.is_run = true;
        for (std::size_t i = 1; i < group.size(); ++i) scratch.is_run &= group[i] == group[0] + index_of(i);
    }

    static std::span<const Vec3> positions_of(const Frame& frame, const Group& group, Scratch& scratch) {
        if (scratch.is_run) return std::span(frame.positions).subspan(usize(group[0]), group.size());
        scratch.gathered.resize(group.size());
        for (std::size_t i = 0; i < group.size(); ++i) scratch.gathered[i] = frame.positions[usize(group[i])];
        return scratch.gathered;
    }
};

Index to_index(double value, double limit) {
    if (!(0 <= value && value < limit && value == std::floor(value)))
        throw ArgumentError(fmt::format("{} is no number of a written frame", value));
    return static_cast<Index>(value);
}

}  // namespace

std::unique_ptr<Analysis> written_trajectory(WrittenTrajectorySpec spec) {
    return analyses::make_analysis(WrittenTrajectory{std::move(spec)});
}

FrameRecord record_of(std::span<const double> row) {
    const auto upper = static_cast<std::uint64_t>(to_index(row[4], half));
    const auto lower = static_cast<std::uint64_t>(to_index(row[5], half));
    return {to_index(row[0], 0x1p53), to_index(row[3], 0x1p53), upper << 32 | lower};
}

std::unique_ptr<Analysis> rebuild_written_trajectory(ByteReader& spec) {
    return analyses::blank_analysis<WrittenTrajectory>()->rebuild(spec);
}

}  // namespace mdloom::writers
