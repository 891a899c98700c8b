#include "mdloom/transforms/rigid.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/kernels/superposition.hpp"
#include "mdloom/kernels/weights.hpp"
#include "mdloom/kernels/wrap.hpp"
#include "mdloom/transforms/atom_places.hpp"
#include "mdloom/transforms/frame_box.hpp"

namespace mdloom::transforms {
namespace {

using kernels::Point;

void require_usable(std::string_view name, const Group& group, const std::vector<double>& weights) {
    if (group.empty()) throw ArgumentError(fmt::format("{}: the group holds no atom: select at least one", name));
    kernels::require_usable_weights(weights, group.size(), std::string(name));
}

/// A group's positions in its order.
class Gathered {
public:
    Gathered(const Group& group, const std::vector<Index>& atoms)
        : places_(places_of(group, atoms)), buffer_(group.size()) {}

    kernels::Positions of(const Frame& frame) {
        for (std::size_t i = 0; i < places_.size(); ++i) buffer_[i] = frame.positions[usize(places_[i])];
        return positions();
    }
    kernels::Positions wrapped_of(const Frame& frame) {
        kernels::wrap(of(frame), box_of(frame, "center_in_box with wrap"), {buffer_[0].data(), 3 * buffer_.size()});
        return positions();
    }

private:
    kernels::Positions positions() const { return {buffer_[0].data(), 3 * buffer_.size()}; }

    std::vector<Index> places_;
    std::vector<Vec3> buffer_;
};

Point centre_of(kernels::Positions positions, const std::vector<double>& weights) {
    Point sum{};
    double total = 0;
    for (std::size_t i = 0; i < positions.size() / 3; ++i) {
        const double weight = weights.empty() ? 1 : weights[i];
        const Point x = kernels::point_at(positions, i);
        for (std::size_t k = 0; k < 3; ++k) sum[k] += weight * x[k];
        total += weight;
    }
    return {sum[0] / total, sum[1] / total, sum[2] / total};
}

/// Rounded to float32 once, after the sum.
void shift(Frame& frame, const Point& by) {
    for (Vec3& position : frame.positions)
        for (std::size_t k = 0; k < 3; ++k) position[k] = static_cast<float>(static_cast<double>(position[k]) + by[k]);
}

class Translate final : public Transform {
public:
    explicit Translate(Vec3 vector) : vector_(vector) {}
    std::string_view name() const override { return "translate"; }
    void write_spec(ByteWriter& writer) const override { writer.write(vector_); }
    void require_atoms_below(Index) const override {}
    void add_needed(std::vector<Index>&) const override {}
    std::unique_ptr<Mover> mover(const std::vector<Index>&) const override {
        struct Work final : Mover {
            explicit Work(Vec3 v) : vector(v) {}
            void move(Frame& frame) override {
                for (Vec3& position : frame.positions)
                    for (std::size_t k = 0; k < 3; ++k) position[k] += vector[k];
            }
            Vec3 vector;
        };
        return std::make_unique<Work>(vector_);
    }

private:
    Vec3 vector_;
};

class Center final : public Transform {
public:
    explicit Center(Centering spec) : spec_(std::move(spec)) {
        require_usable(name(), spec_.group, spec_.weights);
        if (!spec_.point.empty() && spec_.point.size() != 3)
            throw ArgumentError(fmt::format("center: a point has 3 coordinates, not {}", spec_.point.size()));
    }
    std::string_view name() const override { return "center"; }
    void write_spec(ByteWriter& writer) const override { writer.write(spec_); }
    void require_atoms_below(Index n_atoms) const override { require_below(n_atoms, spec_.group, name()); }
    void add_needed(std::vector<Index>& atoms) const override { add_sorted(atoms, spec_.group); }
    std::unique_ptr<Mover> mover(const std::vector<Index>& atoms) const override {
        struct Work final : Mover {
            Work(const Centering& centering, const std::vector<Index>& read)
                : spec(centering), gathered(centering.group, read) {}
            void move(Frame& frame) override {
                const Point to = target(frame);
                const Point from =
                    centre_of(spec.is_wrapped ? gathered.wrapped_of(frame) : gathered.of(frame), spec.weights);
                shift(frame, {to[0] - from[0], to[1] - from[1], to[2] - from[2]});
            }
            /// The middle is rounded to float32, as MDAnalysis has it.
            Point target(const Frame& frame) const {
                if (!spec.point.empty()) return kernels::point_at(spec.point, 0);
                require_box(frame, "center_in_box");
                Point middle{};
                for (std::size_t k = 0; k < 3; ++k)
                    middle[k] = static_cast<double>((frame.box[k] + frame.box[3 + k] + frame.box[6 + k]) / 2);
                return middle;
            }
            const Centering& spec;
            Gathered gathered;
        };
        return std::make_unique<Work>(spec_, atoms);
    }

private:
    Centering spec_;
};

class Fit final : public Transform {
public:
    explicit Fit(Fitting spec) : spec_(std::move(spec)) {
        require_usable(name(), spec_.mobile, spec_.weights);
        if (spec_.reference.size() != 3 * spec_.mobile.size())
            throw ArgumentError(fmt::format("fit: {} atoms and {} reference coordinates: {} are needed",
                                            spec_.mobile.size(), spec_.reference.size(), 3 * spec_.mobile.size()));
        for (double value : spec_.reference)
            if (!std::isfinite(value)) throw ArgumentError("fit: the reference holds a position that is not finite");
        if (spec_.fixed_axis < -1 || spec_.fixed_axis > 2 || (spec_.rotates && spec_.fixed_axis != -1))
            throw ArgumentError("fit: an axis can be kept by translations only, and is 0, 1 or 2");
        reference_ = kernels::make_fit_reference(spec_.reference, spec_.weights);
    }
    std::string_view name() const override { return "fit"; }
    void write_spec(ByteWriter& writer) const override { writer.write(spec_); }
    void require_atoms_below(Index n_atoms) const override { require_below(n_atoms, spec_.mobile, name()); }
    void add_needed(std::vector<Index>& atoms) const override { add_sorted(atoms, spec_.mobile); }
    std::unique_ptr<Mover> mover(const std::vector<Index>& atoms) const override {
        struct Work final : Mover {
            Work(const Fit& owner, const std::vector<Index>& read) : fit(owner), gathered(owner.spec_.mobile, read) {}
            void move(Frame& frame) override {
                const kernels::Positions mobile = gathered.of(frame);
                if (!fit.spec_.rotates) return shift(frame, vector_from(centre_of(mobile, fit.spec_.weights)));
                const auto best = kernels::superpose(mobile.data(), fit.reference_, true, level);
                const std::span<float> all{frame.positions[0].data(), 3 * frame.positions.size()};
                kernels::move_positions(all, best.motion, all);
            }
            Point vector_from(const Point& centre) const {
                Point vector{};
                for (std::size_t k = 0; k < 3; ++k)
                    if (static_cast<int>(k) != fit.spec_.fixed_axis)
                        vector[k] = fit.reference_.centre[k] - static_cast<double>(static_cast<float>(centre[k]));
                return vector;
            }
            const Fit& fit;
            Gathered gathered;
            const Simd level = chosen_simd();
        };
        return std::make_unique<Work>(*this, atoms);
    }

private:
    Fitting spec_;
    kernels::FitReference reference_;
};

}  // namespace

std::shared_ptr<const Transform> translate(Vec3 vector) {
    for (float x : vector)
        if (!std::isfinite(x)) throw ArgumentError(fmt::format("translate: a component is {}: it must be finite", x));
    return std::make_shared<Translate>(vector);
}

std::shared_ptr<const Transform> center(Centering centering) {
    return std::make_shared<Center>(std::move(centering));
}

std::shared_ptr<const Transform> fit(Fitting fitting) {
    return std::make_shared<Fit>(std::move(fitting));
}

std::shared_ptr<const Transform> read_translate(ByteReader& spec) {
    return translate(spec.read<Vec3>());
}

std::shared_ptr<const Transform> read_center(ByteReader& spec) {
    return center(spec.read<Centering>());
}

std::shared_ptr<const Transform> read_fit(ByteReader& spec) {
    return fit(spec.read<Fitting>());
}

}  // namespace mdloom::transforms
