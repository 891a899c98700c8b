#include "changing_groups.hpp"

#include <fmt/format.h>

#include "calls_into_python.hpp"
#include "python_source.hpp"

namespace mdloom::bindings {

namespace {

struct ChangingScratch final : Scratch {
    std::unique_ptr<Scratch> inner;
    std::vector<Group> groups;    ///< as they are in this frame
    std::vector<Index> places;    ///< of each atom in the frame, -1: cannot be selected
    std::vector<Group> selected;  ///< atom indices of this frame
};

class ChangingGroups final : public Analysis {
public:
    ChangingGroups(std::unique_ptr<Analysis> inner, Index number, std::vector<Index> positions, std::string why_not)
        : inner_(std::move(inner)), number_(number), positions_(std::move(positions)), why_not_(std::move(why_not)) {
        const auto n_groups = index_of(inner_->groups().size());
        for (Index position : positions_)
            if (position < 0 || position >= n_groups)
                throw StateError(
                    fmt::format("group {} of {} cannot change: there are {}", position, inner_->name(), n_groups));
    }

    std::string_view name() const override { return changing_groups_name; }
    std::vector<Group> groups() const override { return inner_->groups(); }
    void prepare(const System& system) override { inner_->prepare(system); }
    void write_spec(ByteWriter& writer) const override {
        writer.write(number_), writer.write(positions_), writer.write(why_not_), writer.write(inner_->name());
        inner_->write_spec(writer);
    }
    std::unique_ptr<Analysis> rebuild(ByteReader& spec) const override {
        const auto number = spec.read<Index>();
        auto positions = spec.read<std::vector<Index>>();
        auto why_not = spec.read<std::string>();
        if (spec.read<std::string>() != inner_->name()) throw StateError("spec is of another analysis");
        return with_changing_groups(inner_->rebuild(spec), number, std::move(positions), std::move(why_not));
    }

    std::unique_ptr<State> empty_state() const override { return inner_->empty_state(); }
    std::unique_ptr<State> read_state(ByteReader& reader) const override { return inner_->read_state(reader); }
    std::unique_ptr<Scratch> make_scratch() const override {
        auto scratch = std::make_unique<ChangingScratch>();
        scratch->inner = inner_->make_scratch();
        return scratch;
    }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch,
                      State& state) const override {
        auto& mine = static_cast<ChangingScratch&>(scratch);
        if (mine.groups.empty()) make_ready(mine, groups);
        select(frame, mine);
        for (std::size_t i = 0; i < positions_.size(); ++i) place(mine, i);
        inner_->single_frame(frame, mine.groups, *mine.inner, state);
    }
    void finish_chunk(Scratch& scratch, State& state) const override {
        inner_->finish_chunk(*static_cast<ChangingScratch&>(scratch).inner, state);
    }
    Result conclude(const State& state) const override { return inner_->conclude(state); }
    Result conclude_last(State&& state) const override { return inner_->conclude_last(std::move(state)); }

private:
    void make_ready(ChangingScratch& mine, const std::vector<Group>& places) const {
        mine.groups = places;
        const std::vector<Group> atoms = inner_->groups();
        for (Index position : positions_)
            for (std::size_t i = 0; i < atoms[usize(position)].size(); ++i) {
                const std::size_t atom = usize(atoms[usize(position)][i]);
                if (atom >= mine.places.size()) mine.places.resize(atom + 1, -1);
                mine.places[atom] = places[usize(position)][i];
            }
    }
    void select(const Frame& frame, ChangingScratch& mine) const {
        const auto* origin = dynamic_cast<const PythonOrigin*>(frame.origin);
        if (origin == nullptr) throw StateError("groups that change need frames that are read in Python");
        in_python([&] {
            mine.selected.clear();
            for (nb::handle atoms : origin->reader().attr("atoms_of")(number_))
                mine.selected.push_back(to_vector(nb::cast<IndexArray>(atoms)));
        });
        if (mine.selected.size() != positions_.size())
            throw StateError(
                fmt::format("{} groups were selected, {} are needed", mine.selected.size(), positions_.size()));
    }
    void place(ChangingScratch& mine, std::size_t i) const {
        Group& group = mine.groups[usize(positions_[i])];
        group.clear();
        for (Index atom : mine.selected[i]) {
            const Index at = atom >= 0 && usize(atom) < mine.places.size() ? mine.places[usize(atom)] : -1;
            if (at < 0) throw ArgumentError(fmt::format("atom {} was selected, but {}", atom, why_not_));
            group.push_back(at);
        }
    }

    std::unique_ptr<Analysis> inner_;
    Index number_;
    std::vector<Index> positions_;
    std::string why_not_;
};

}  // namespace

std::unique_ptr<Analysis> with_changing_groups(std::unique_ptr<Analysis> analysis, Index number,
                                               std::vector<Index> positions, std::string why_not) {
    return std::make_unique<ChangingGroups>(std::move(analysis), number, std::move(positions), std::move(why_not));
}

std::unique_ptr<Analysis> rebuild_with_changing_groups(ByteReader& spec,
                                                       std::unique_ptr<Analysis> (*rebuild)(const std::string& name,
                                                                                            ByteReader& spec)) {
    const auto number = spec.read<Index>();
    auto positions = spec.read<std::vector<Index>>();
    auto why_not = spec.read<std::string>();
    const auto name = spec.read<std::string>();
    return with_changing_groups(rebuild(name, spec), number, std::move(positions), std::move(why_not));
}

}  // namespace mdloom::bindings
