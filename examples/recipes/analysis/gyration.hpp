// Radius of gyration of each frame, Å: sqrt(sum_i m_i |x_i - c|^2 / sum_i m_i), c the centre of mass.
#pragma once
#include <cmath>
#include <mdloom/analyses/plugin.hpp>
#include <mdloom/partials/rows.hpp>

struct Gyration {
    mdloom::Group group;
    std::vector<double> masses;  ///< amu, of the group's atoms: prepare() settles them

    static constexpr std::string_view name = "gyration";
    static constexpr std::string_view summary = "radius of gyration of a group";
    static constexpr std::array arguments{"group"};
    static constexpr mdloom::Index state_version = 1;

    struct State {
        mdloom::Rows rows;  ///< frame index, time (ps), radius (Å)
    };

    std::vector<mdloom::Group> groups() const { return {group}; }

    void prepare(const mdloom::System& system) {
        if (group.empty()) throw mdloom::ArgumentError("gyration: the group holds no atom: select at least one");
        if (system.topology.masses.empty())
            throw mdloom::TopologyError("gyration: the topology holds no masses: set u.atoms.masses");
        double total = 0;
        for (mdloom::Index atom : group) total += masses.emplace_back(system.topology.masses[mdloom::usize(atom)]);
        if (!(total > 0 && total < INFINITY))
            throw mdloom::TopologyError("gyration: the masses are zero or unknown: set u.atoms.masses");
    }

    State empty_state() const { return {mdloom::Rows::of_width(3)}; }

    void single_frame(const mdloom::Frame& frame, const std::vector<mdloom::Group>& groups, State& state) const {
        std::array<double, 3> first{}, second{};
        double total = 0;
        const mdloom::Vec3& origin = frame.positions[mdloom::usize(groups[0][0])];  // near, so that nothing cancels
        for (std::size_t i = 0; i < masses.size(); ++i) {
            total += masses[i];
            for (std::size_t k = 0; k < 3; ++k) {
                const double x = double{frame.positions[mdloom::usize(groups[0][i])][k]} - double{origin[k]};
                first[k] += masses[i] * x;
                second[k] += masses[i] * x * x;
            }
        }
        double squares = 0;
        for (std::size_t k = 0; k < 3; ++k) squares += second[k] / total - first[k] / total * (first[k] / total);
        state.rows.put(frame.ordinal, std::array{double(frame.index), frame.time, std::sqrt(std::max(0.0, squares))});
    }

    mdloom::Result conclude(const State& state) const {
        mdloom::Column radius{"gyration", "frame, ps, Å", {state.rows.n_rows(), 3}, {}};
        state.rows.for_each([&](auto, auto row) { radius.values.insert(radius.values.end(), row.begin(), row.end()); });
        return {radius};
    }
};
