// Turns a plain struct into an Analysis. The only place where a State's type is forgotten and found again.
//
// The struct's members are its spec. It has a nested `struct State` of partials, optionally a `struct Scratch`, and
//   static constexpr std::string_view name;        static constexpr Index state_version;
//   std::vector<Group> groups() const;             void prepare(const System&);
//   State empty_state() const;                     Result conclude(const State&) const;
//   void single_frame(const Frame&, const std::vector<Group>&, [Scratch&,] State&) const;
//   Result conclude(State&&) const;                (if there is one: of a state that is used up; rows then give their
//                                                  memory back as they are copied, see Rows::append_to)
//   void finish_chunk(Scratch&, State&) const;     (required with a Scratch, so that it cannot be forgotten)
//   void settle();      (if there is one: checks the spec, also one from elsewhere, and derives what is not in it)
#pragma once
#include <concepts>

#include "mdloom/contracts/analysis.hpp"
#include "mdloom/partials/partial.hpp"

namespace mdloom::analyses {

/// The columns, moved: a braced list would copy their numbers.
template <std::same_as<Column>... Columns>
Result result_of(Columns... columns) {
    Result result;
    result.reserve(sizeof...(columns));
    (result.push_back(std::move(columns)), ...);
    return result;
}

/// What stands before each state's bytes.
inline void write_state_header(ByteWriter& writer, std::string_view name, Index version) {
    writer.write(name);
    writer.write(version);
}

/// Throws StateError when the bytes are another analysis' or another version's.
inline void read_state_header(ByteReader& reader, std::string_view name, Index version) {
    const auto found = reader.read<std::string>();
    if (found != name) throw StateError("state is of '" + found + "', not of '" + std::string(name) + "'");
    const auto its_version = reader.read<Index>();
    if (its_version != version)
        throw StateError(found + " state has version " + std::to_string(its_version) + ", this build reads version " +
                         std::to_string(version) + ": run again");
}

template <class A>
concept HasScratch = requires { typename A::Scratch; };

template <class A>
class AnalysisOf final : public Analysis {
    static_assert(MadeOfPartials<typename A::State>,
                  "every member of State must be a partial (partials/): a bare double does not merge exactly");

    template <class B>
    struct ScratchIn {
        struct type {};
    };
    template <HasScratch B>
    struct ScratchIn<B> {
        using type = typename B::Scratch;
    };
    using TypedScratch = typename ScratchIn<A>::type;
    using TypedState = typename A::State;

    struct HeldScratch final : Scratch {
        TypedScratch value;
    };

    struct HeldState final : State {
        explicit HeldState(TypedState state) : value(std::move(state)) {}
        void merge(State&& other) override { merge_members(value, std::move(typed(other))); }
        void write(ByteWriter& writer) const override {
            write_state_header(writer, A::name, A::state_version);
            writer.write(value);
        }
        TypedState value;
    };

    static TypedState& typed(State& state) { return static_cast<HeldState&>(state).value; }
    static const TypedState& typed(const State& state) { return static_cast<const HeldState&>(state).value; }
    static TypedScratch& typed(Scratch& scratch) { return static_cast<HeldScratch&>(scratch).value; }

public:
    /// Throws ArgumentError when settle() does.
    static void settle(A& analysis) {
        if constexpr (requires { analysis.settle(); }) analysis.settle();
    }

    explicit AnalysisOf(A analysis) : analysis_(std::move(analysis)) {}

    std::string_view name() const override { return A::name; }
    std::vector<Group> groups() const override { return analysis_.groups(); }
    void prepare(const System& system) override { analysis_.prepare(system); }
    void write_spec(ByteWriter& writer) const override { writer.write(analysis_); }
    std::unique_ptr<Analysis> rebuild(ByteReader& spec) const override {
        A analysis = spec.read<A>();
        try {
            settle(analysis);
        } catch (const ArgumentError& error) {
            throw StateError("spec is damaged: " + std::string(error.what()));
        }
        return std::make_unique<AnalysisOf>(std::move(analysis));
    }

    std::unique_ptr<State> empty_state() const override { return std::make_unique<HeldState>(analysis_.empty_state()); }
    std::unique_ptr<Scratch> make_scratch() const override { return std::make_unique<HeldScratch>(); }

    std::unique_ptr<State> read_state(ByteReader& reader) const override {
        read_state_header(reader, A::name, A::state_version);
        return std::make_unique<HeldState>(reader.read<TypedState>());
    }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch,
                      State& state) const override {
        if constexpr (HasScratch<A>)
            analysis_.single_frame(frame, groups, typed(scratch), typed(state));
        else
            analysis_.single_frame(frame, groups, typed(state));
    }
    void finish_chunk(Scratch& scratch, State& state) const override {
        if constexpr (HasScratch<A>) analysis_.finish_chunk(typed(scratch), typed(state));
    }
    Result conclude(const State& state) const override { return whole(analysis_.conclude(typed(state))); }
    Result conclude_last(State&& state) const override { return whole(analysis_.conclude(std::move(typed(state)))); }

private:
    static Result whole(Result result) {
        for (const Column& column : result) require_whole(column);
        return result;
    }
    /// Whoever takes the values over believes the shape.
    static void require_whole(const Column& column) {
        Index n = 1;
        bool is_shape = !column.shape.empty();
        for (Index extent : column.shape) is_shape &= extent >= 0 && !__builtin_mul_overflow(n, extent, &n);
        if (!is_shape || n != column.n_values())
            throw StateError(std::string(A::name) + ": the shape of column '" + column.name + "' does not fit its " +
                             std::to_string(column.n_values()) + " values");
        if (column.floats && !column.values.empty())
            throw StateError(std::string(A::name) + ": column '" + column.name + "' holds both doubles and floats");
    }

    A analysis_;
};

/// Throws ArgumentError for a spec that cannot be used.
template <class A>
std::unique_ptr<Analysis> make_analysis(A analysis) {
    AnalysisOf<A>::settle(analysis);
    return std::make_unique<AnalysisOf<A>>(std::move(analysis));
}

/// One that only knows how to rebuild().
template <class A>
std::unique_ptr<Analysis> blank_analysis() {
    return std::make_unique<AnalysisOf<A>>(A{});
}

}  // namespace mdloom::analyses
