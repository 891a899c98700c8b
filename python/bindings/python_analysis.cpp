#include "python_analysis.hpp"

#include "calls_into_python.hpp"
#include "python_source.hpp"

namespace mdloom::bindings {

namespace {

nb::bytes to_bytes(const std::string& text) {
    return nb::bytes(text.data(), text.size());
}

class PythonState final : public State {
public:
    explicit PythonState(std::shared_ptr<const Held> join) : join_(std::move(join)) {}

    void add(Index first, PythonPiece piece) { pieces_.emplace(first, std::move(piece)); }
    const PythonPieces& pieces() const { return pieces_; }

    void merge(State&& other) override {
        pieces_.merge(static_cast<PythonState&>(other).pieces_);
        if (!(**join_).is_none()) join_neighbours();
    }
    void write(ByteWriter& writer) const override {
        writer.write(index_of(pieces_.size()));
        for (const auto& [first, piece] : pieces_) writer.write(first), writer.write(piece);
    }
    void read(ByteReader& reader) {
        for (auto n = reader.read<Index>(); n > 0; --n) {
            const auto first = reader.read<Index>();
            auto piece = reader.read<PythonPiece>();
            if (piece.stop <= first || (!pieces_.empty() && pieces_.rbegin()->second.stop > first))
                throw StateError("state of an analysis written in Python is damaged: its pieces overlap");
            add(first, std::move(piece));
        }
    }

private:
    void join_neighbours() {
        auto earlier = pieces_.begin();
        while (earlier != pieces_.end()) {
            const auto later = std::next(earlier);
            if (later == pieces_.end()) return;
            if (earlier->second.stop != later->first) {
                earlier = later;
                continue;
            }
            earlier->second.value = in_python([&] {
                return to_string(
                    nb::cast<nb::bytes>((**join_)(to_bytes(earlier->second.value), to_bytes(later->second.value))));
            });
            earlier->second.stop = later->second.stop;
            pieces_.erase(later);
        }
    }

    std::shared_ptr<const Held> join_;
    PythonPieces pieces_;
};

struct PythonScratch final : Scratch {
    std::optional<Held> fold;
    Index first = 0, stop = 0;  ///< ordinals since the last finish()
};

class PythonAnalysis final : public Analysis {
public:
    PythonAnalysis(Index number, nb::object join)
        : number_(number), join_(std::make_shared<const Held>(std::move(join))) {}

    std::string_view name() const override { return python_analysis_name; }
    std::vector<Group> groups() const override { return {}; }  // its reader reads what it looks at
    void prepare(const System&) override {}
    void write_spec(ByteWriter& writer) const override { writer.write(number_); }
    std::unique_ptr<Analysis> rebuild(ByteReader& spec) const override { return rebuild_python_analysis(spec); }

    std::unique_ptr<State> empty_state() const override { return std::make_unique<PythonState>(join_); }
    std::unique_ptr<State> read_state(ByteReader& reader) const override {
        auto state = std::make_unique<PythonState>(join_);
        state->read(reader);
        return state;
    }
    std::unique_ptr<Scratch> make_scratch() const override { return std::make_unique<PythonScratch>(); }

    void single_frame(const Frame& frame, const std::vector<Group>&, Scratch& scratch, State&) const override {
        const auto* origin = dynamic_cast<const PythonOrigin*>(frame.origin);
        if (origin == nullptr) throw StateError("an analysis written in Python needs frames that are read in Python");
        auto& mine = static_cast<PythonScratch&>(scratch);
        in_python([&] {
            if (!mine.fold) mine.fold.emplace(origin->reader().attr("fold")(number_));
            (**mine.fold).attr("single_frame")();
        });
        if (mine.first == mine.stop) mine.first = frame.ordinal;
        mine.stop = frame.ordinal + 1;
    }
    void finish_chunk(Scratch& scratch, State& state) const override {
        auto& mine = static_cast<PythonScratch&>(scratch);
        if (mine.first == mine.stop) return;
        auto value = in_python([&] { return to_string(nb::cast<nb::bytes>((**mine.fold).attr("finish")())); });
        static_cast<PythonState&>(state).add(mine.first, {mine.stop, std::move(value)});
        mine.first = mine.stop;
    }

    /// Python makes the results of the pieces.
    Result conclude(const State&) const override { return {}; }

private:
    Index number_;
    std::shared_ptr<const Held> join_;
};

}  // namespace

std::unique_ptr<Analysis> python_analysis(Index number, nb::object join) {
    return std::make_unique<PythonAnalysis>(number, std::move(join));
}

std::unique_ptr<Analysis> rebuild_python_analysis(ByteReader& spec) {
    const auto number = spec.read<Index>();
    const nb::gil_scoped_acquire gil;
    return python_analysis(number, nb::none());
}

std::optional<PythonPieces> pieces_of(const State& state) {
    const auto* python = dynamic_cast<const PythonState*>(&state);
    if (python == nullptr) return std::nullopt;
    return python->pieces();
}

}  // namespace mdloom::bindings
