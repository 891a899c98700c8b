#include "mdloom/analyses/dihedrals.hpp"

#include <fmt/format.h>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

void require_usable(const std::array<Group, 4>& atoms) {
    if (atoms[0].empty()) throw ArgumentError("there is no dihedral angle: give four atoms for at least one");
    for (const Group& group : atoms)
        if (group.size() != atoms[0].size())
            throw ArgumentError(fmt::format("dihedral angles of {}, {}, {} and {} atoms: four are needed for each",
                                            atoms[0].size(), atoms[1].size(), atoms[2].size(), atoms[3].size()));
}

struct Dihedrals {
    static constexpr std::string_view name = "dihedrals";
    static constexpr Index state_version = 2;

    std::array<Group, 4> atoms;

    // by hand: the members of an array look like its owner's
    void write(ByteWriter& writer) const { writer.write(atoms); }
    void read(ByteReader& reader) { reader.read(atoms); }
    void settle() const { require_usable(atoms); }

    struct State {
        Rows rows;  ///< time, ps; angles, degrees
    };
    struct Scratch {
        bool ready = false;
        std::array<GroupPositions, 4> positions;
        std::vector<double> row;
    };

    std::vector<Group> groups() const { return {atoms.begin(), atoms.end()}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(1 + n_angles())}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        const kernels::PeriodicBox box = periodic_box_of(frame);
        std::array<kernels::Positions, 4> at;
        for (std::size_t i = 0; i < 4; ++i) {
            at[i] = scratch.positions[i].of(frame, groups[i]);
            kernels::require_usable(names[i], at[i], box);
        }
        scratch.row[0] = frame.time;
        kernels::dihedrals(at[0], at[1], at[2], at[3], box, std::span(scratch.row).subspan(1));
        state.rows.put(frame.ordinal, scratch.row);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        const Index n_rows = state.rows.n_rows();
        Column angles{"angles", "degrees", {n_rows, n_angles()}, {}}, times{"times", "ps", {n_rows}, {}};
        angles.values.reserve(usize(n_rows * n_angles()));
        state.rows.for_each([&](Index, std::span<const double> row) {
            if (row.size() != usize(1 + n_angles())) throw StateError("state is damaged: a frame has other angles");
            times.values.push_back(row[0]);
            angles.values.insert(angles.values.end(), row.begin() + 1, row.end());
        });
        return result_of(std::move(angles), std::move(times));
    }

private:
    static constexpr std::array<std::string_view, 4> names{"first atoms", "second atoms", "third atoms",
                                                           "fourth atoms"};

    Index n_angles() const { return index_of(atoms[0].size()); }

    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        for (std::size_t i = 0; i < 4; ++i) scratch.positions[i].look_at(groups[i]);
        scratch.row.resize(1 + atoms[0].size());
        scratch.ready = true;
    }
};

}  // namespace

std::unique_ptr<Analysis> dihedrals(std::array<Group, 4> atoms) {
    return make_analysis(Dihedrals{std::move(atoms)});
}

std::unique_ptr<Analysis> blank_dihedrals() {
    return blank_analysis<Dihedrals>();
}

}  // namespace mdloom::analyses
