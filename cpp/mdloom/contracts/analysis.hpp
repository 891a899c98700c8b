// Contract: what is asked of the frames, and what is known after some of them. Authors write a plain struct and let
// analyses/analysis_of.hpp meet this contract; the engine knows nothing else.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom {

/// One named array of a result, row-major.
struct Column {
    std::string name, unit;
    std::vector<Index> shape;
    std::vector<double> values;
    std::optional<std::vector<float>> floats = {};  ///< in place of values, for what is float32 and plenty

    Index n_values() const { return index_of(floats ? floats->size() : values.size()); }
};
using Result = std::vector<Column>;

/// What an analysis knows after some frames. Holds no frame order, no worker, no floating-point accumulator.
class State {
public:
    virtual ~State() = default;

    /// Commutative and associative in bytes. `other` is used up; it is of the same analysis and shares no frame.
    virtual void merge(State&& other) = 0;

    /// Canonical: equal knowledge gives equal bytes.
    virtual void write(ByteWriter& writer) const = 0;
};

/// One worker's private workspace (cell lists, aligned copies, histograms). Never merged, never travels, and thrown
/// away when a frame throws.
class Scratch {
public:
    virtual ~Scratch() = default;
};

/// Const while frames flow: one object serves all workers of a process.
class Analysis {
public:
    virtual ~Analysis() = default;

    virtual std::string_view name() const = 0;
    virtual std::vector<Group> groups() const = 0;

    /// Once per run; what it settles (reference, pairs, masses) becomes part of the spec.
    virtual void prepare(const System& system) = 0;
    virtual void write_spec(ByteWriter& writer) const = 0;

    /// An analysis of the same kind, as it was when its spec was written. Throws StateError.
    virtual std::unique_ptr<Analysis> rebuild(ByteReader& spec) const = 0;

    virtual std::unique_ptr<State> empty_state() const = 0;                   ///< the identity of merge
    virtual std::unique_ptr<State> read_state(ByteReader& reader) const = 0;  ///< throws StateError
    virtual std::unique_ptr<Scratch> make_scratch() const = 0;

    /// groups[i][j] is where atom j of groups()[i] stands in frame.positions.
    virtual void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch,
                              State& state) const = 0;

    /// What the scratch gathered goes into the state; the scratch is then as good as new.
    virtual void finish_chunk(Scratch& scratch, State& state) const = 0;

    /// At any time: partial results come from the same function.
    virtual Result conclude(const State& state) const = 0;

    /// The same of a state that is used up: what was taken from it need not stay beside the result.
    virtual Result conclude_last(State&& state) const { return conclude(state); }
};

}  // namespace mdloom
