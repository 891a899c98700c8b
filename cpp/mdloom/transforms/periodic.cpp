#include "mdloom/transforms/periodic.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "mdloom/kernels/minimum_image.hpp"
#include "mdloom/kernels/wrap.hpp"
#include "mdloom/transforms/atom_places.hpp"
#include "mdloom/transforms/frame_box.hpp"

namespace mdloom::transforms {
namespace {

using kernels::Point;

Point point_of(const Vec3& x) {
    return {static_cast<double>(x[0]), static_cast<double>(x[1]), static_cast<double>(x[2])};
}

Vec3 rounded(const Point& x) {
    return {static_cast<float>(x[0]), static_cast<float>(x[1]), static_cast<float>(x[2])};
}

/// Calls visit(first, stop) for each compound's run in `atoms`.
template <class Visit>
void for_each_compound(const Wrapping& spec, Visit visit) {
    std::size_t first = 0;
    for (Index n : spec.n_atoms) {
        visit(first, first + usize(n));
        first += usize(n);
    }
}

class Wrap final : public Transform {
public:
    explicit Wrap(Wrapping spec) : spec_(std::move(spec)) {
        if (spec_.n_atoms.empty()) return;
        Index left = index_of(spec_.atoms.size());
        for (Index n : spec_.n_atoms) {
            if (n < 1 || n > left) throw ArgumentError("wrap: the compounds do not fit the atoms");
            left -= n;
        }
        if (left != 0 || spec_.weights.size() != spec_.atoms.size())
            throw ArgumentError("wrap: the compounds or the weights do not fit the atoms");
        for_each_compound(spec_, [&](std::size_t first, std::size_t stop) {
            const double total =
                std::accumulate(spec_.weights.begin() + index_of(first), spec_.weights.begin() + index_of(stop), 0.0);
            if (!(total > 0 && std::isfinite(total)))
                throw ArgumentError(
                    fmt::format("wrap: the masses of the compound of atom {} sum to {}: it has no "
                                "centre of mass",
                                spec_.atoms[first], total));
        });
    }
    std::string_view name() const override { return "wrap"; }
    void write_spec(ByteWriter& writer) const override { writer.write(spec_); }
    void require_atoms_below(Index n_atoms) const override { require_below(n_atoms, spec_.atoms, name()); }
    void add_needed(std::vector<Index>& atoms) const override {
        Group more;
        for_each_compound(spec_, [&](std::size_t first, std::size_t stop) {
            const auto begin = spec_.atoms.begin() + index_of(first), end = spec_.atoms.begin() + index_of(stop);
            if (std::any_of(begin, end, [&](Index atom) { return place_of(atom, atoms) >= 0; }))
                more.insert(more.end(), begin, end);
        });
        add_sorted(atoms, more);
    }
    std::unique_ptr<Mover> mover(const std::vector<Index>& atoms) const override;

private:
    Wrapping spec_;
};

class WrapAtoms final : public Mover {
public:
    explicit WrapAtoms(std::vector<Index> places) : places_(std::move(places)), buffer_(places_.size()) {}
    void move(Frame& frame) override {
        const auto box = box_of(frame, "wrap");
        if (places_.empty()) return;
        for (std::size_t i = 0; i < places_.size(); ++i) buffer_[i] = frame.positions[usize(places_[i])];
        const std::span<float> all{buffer_[0].data(), 3 * buffer_.size()};
        kernels::wrap(all, box, all);
        for (std::size_t i = 0; i < places_.size(); ++i) frame.positions[usize(places_[i])] = buffer_[i];
    }

private:
    std::vector<Index> places_;
    std::vector<Vec3> buffer_;
};

class WrapCompounds final : public Mover {
public:
    struct Compound {
        std::vector<Index> places;
        std::vector<double> weights;
    };
    explicit WrapCompounds(std::vector<Compound> compounds) : compounds_(std::move(compounds)) {}
    void move(Frame& frame) override {
        const auto box = box_of(frame, "wrap");
        for (const Compound& compound : compounds_) {
            const Point by = way_into_the_cell(frame, compound, box);
            for (Index place : compound.places) {
                Vec3& position = frame.positions[usize(place)];
                const Point x = point_of(position);
                position = rounded({x[0] + by[0], x[1] + by[1], x[2] + by[2]});
            }
        }
    }

private:
    /// By whole cell vectors: a centre that is inside stays.
    static Point way_into_the_cell(const Frame& frame, const Compound& compound, const kernels::PeriodicBox& box) {
        Point centre{};
        double total = 0;
        for (std::size_t i = 0; i < compound.places.size(); ++i) {
            const Point x = point_of(frame.positions[usize(compound.places[i])]);
            for (std::size_t k = 0; k < 3; ++k) centre[k] += compound.weights[i] * x[k];
            total += compound.weights[i];
        }
        for (double& x : centre) x /= total;
        const Point fractions = box.given.fractions(centre);
        Point by{};
        for (std::size_t row = 0; row < 3; ++row)
            for (std::size_t k = 0; k < 3; ++k) by[k] -= std::floor(fractions[row]) * box.given.vectors[row][k];
        return by;
    }
    std::vector<Compound> compounds_;
};

std::unique_ptr<Mover> Wrap::mover(const std::vector<Index>& atoms) const {
    std::vector<Index> places = places_of(spec_.atoms, atoms);
    if (spec_.n_atoms.empty()) {
        std::erase(places, -1);
        return std::make_unique<WrapAtoms>(std::move(places));
    }
    std::vector<WrapCompounds::Compound> compounds;
    for_each_compound(spec_, [&](std::size_t first, std::size_t stop) {
        const auto at = [&](auto& values) {
            return std::vector(values.begin() + index_of(first), values.begin() + index_of(stop));
        };
        WrapCompounds::Compound compound{at(places), at(spec_.weights)};
        if (std::ranges::find(compound.places, -1) == compound.places.end()) compounds.push_back(std::move(compound));
    });
    return std::make_unique<WrapCompounds>(std::move(compounds));
}

class Unwrap final : public Transform {
public:
    explicit Unwrap(Bonds bonds) : bonds_(std::move(bonds)) {
        if (bonds_.children.size() != bonds_.parents.size())
            throw ArgumentError(fmt::format("unwrap: {} children and {} parents: one for each is needed",
                                            bonds_.children.size(), bonds_.parents.size()));
    }
    std::string_view name() const override { return "unwrap"; }
    void write_spec(ByteWriter& writer) const override { writer.write(bonds_); }
    void require_atoms_below(Index n_atoms) const override {
        require_below(n_atoms, bonds_.children, name());
        require_below(n_atoms, bonds_.parents, name());
    }
    void add_needed(std::vector<Index>& atoms) const override {
        Index n = atoms.empty() ? 0 : atoms.back() + 1;
        for (const auto& ends : {bonds_.children, bonds_.parents})
            for (Index atom : ends) n = std::max(n, atom + 1);
        std::vector<char> is_needed(usize(n));
        for (Index atom : atoms) is_needed[usize(atom)] = 1;
        for (std::size_t i = bonds_.children.size(); i-- > 0;)
            if (is_needed[usize(bonds_.children[i])]) is_needed[usize(bonds_.parents[i])] = 1;
        atoms.clear();
        for (Index atom = 0; atom < n; ++atom)
            if (is_needed[usize(atom)]) atoms.push_back(atom);
    }
    std::unique_ptr<Mover> mover(const std::vector<Index>& atoms) const override {
        struct Work final : Mover {
            void move(Frame& frame) override {
                const auto box = box_of(frame, "unwrap");
                kernels::with_images(box, [&](const auto& images) {
                    for (auto [child, parent] : places) {
                        const Point from = point_of(frame.positions[usize(parent)]);
                        Vec3& position = frame.positions[usize(child)];
                        const Point d = images(kernels::between(from, point_of(position)));
                        position = rounded({from[0] + d[0], from[1] + d[1], from[2] + d[2]});
                    }
                });
            }
            std::vector<std::pair<Index, Index>> places;
        };
        auto work = std::make_unique<Work>();
        for (std::size_t i = 0; i < bonds_.children.size(); ++i) {
            const Index child = place_of(bonds_.children[i], atoms), parent = place_of(bonds_.parents[i], atoms);
            if (child >= 0 && parent >= 0) work->places.emplace_back(child, parent);
        }
        return work;
    }

private:
    Bonds bonds_;
};

class SetBox final : public Transform {
public:
    explicit SetBox(std::vector<Box> boxes) : boxes_(std::move(boxes)) {
        if (boxes_.empty()) throw ArgumentError("set_box: no box is given");
    }
    std::string_view name() const override { return "set_box"; }
    bool changes_box() const override { return true; }
    void write_spec(ByteWriter& writer) const override { writer.write(boxes_); }
    void require_atoms_below(Index) const override {}
    void add_needed(std::vector<Index>&) const override {}
    std::unique_ptr<Mover> mover(const std::vector<Index>&) const override {
        struct Work final : Mover {
            explicit Work(const std::vector<Box>& given) : boxes(given) {}
            void move(Frame& frame) override {
                if (boxes.size() > 1 && usize(frame.index) >= boxes.size())
                    throw FormatError(fmt::format("set_dimensions has {} boxes, none for this frame: give one for each",
                                                  boxes.size()));
                frame.box = boxes[boxes.size() > 1 ? usize(frame.index) : 0];
            }
            const std::vector<Box>& boxes;
        };
        return std::make_unique<Work>(boxes_);
    }

private:
    std::vector<Box> boxes_;
};

}  // namespace

std::shared_ptr<const Transform> wrap(Wrapping wrapping) {
    return std::make_shared<Wrap>(std::move(wrapping));
}

std::shared_ptr<const Transform> unwrap(Bonds bonds) {
    return std::make_shared<Unwrap>(std::move(bonds));
}

std::shared_ptr<const Transform> set_box(std::vector<Box> boxes) {
    return std::make_shared<SetBox>(std::move(boxes));
}

std::shared_ptr<const Transform> read_wrap(ByteReader& spec) {
    return wrap(spec.read<Wrapping>());
}

std::shared_ptr<const Transform> read_unwrap(ByteReader& spec) {
    return unwrap(spec.read<Bonds>());
}

std::shared_ptr<const Transform> read_set_box(ByteReader& spec) {
    return set_box(spec.read<std::vector<Box>>());
}

}  // namespace mdloom::transforms
