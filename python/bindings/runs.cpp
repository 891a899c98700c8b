// Runs as Python drives them: the native backends, the ledger for backends written in Python, and the work itself.
#include <fmt/format.h>

#include <map>
#include <mutex>

#include "bindings.hpp"
#include "changing_groups.hpp"
#include "mdloom/analyses/fitted.hpp"
#include "mdloom/backends/catalog.hpp"
#include "mdloom/base/simd.hpp"
#include "mdloom/engine/pass.hpp"
#include "mdloom/sources/catalog.hpp"
#include "mdloom/writers/written_trajectory.hpp"
#include "plugins.hpp"
#include "python_analysis.hpp"

namespace mdloom::bindings {

namespace {

using engine::Run;
using engine::RunLedger;

FrameSelection to_selection(const nb::object& frames) {
    if (PyRange_Check(frames.ptr()))
        return {nb::cast<Index>(frames.attr("start")), nb::cast<Index>(frames.attr("step")), index_of(nb::len(frames))};
    return FrameSelection(to_vector(nb::cast<IndexArray>(frames)));
}

[[noreturn]] void raise_frame_error(const FrameError& error) {
    const nb::object type = nb::module_::import_("mdloom.errors").attr("FrameError");
    const nb::bytes payload(error.payload.data(), error.payload.size());
    const nb::object value = type(error.ordinal, static_cast<int>(error.kind()), error.what(), payload);
    PyErr_SetObject(type.ptr(), value.ptr());
    throw nb::python_error();
}

/// A run and its ledger. Workers are kept between chunks, one for each thread that works at the same time.
class Session {
public:
    explicit Session(std::unique_ptr<Run> run, std::vector<Index> cuts = {})
        : run_(std::move(run)),
          ledger_(
              run_->n_frames(), run_->nothing(),
              [this](Index n_done, Index n_frames) {
                  if (watch_) watch_(n_done, n_frames);
              },
              std::move(cuts)) {
        run_->set_simd(std::string(mdloom::name(chosen_simd())));
    }

    const Run& run() const { return *run_; }
    RunLedger& ledger() { return ledger_; }

    nb::object concluded = nb::none();  ///< for the last time; states are then used up

    void drive(Backend& backend, const nb::object& watch) {
        watch_ = [&watch](Index n_done, Index n_frames) {
            const nb::gil_scoped_acquire gil;
            if (PyErr_CheckSignals() != 0) throw nb::python_error();
            if (!watch.is_none()) watch(n_done, n_frames);
        };
        const nb::gil_scoped_release no_gil;
        backend.drive(ledger_, *run_);  // whoever drives next sets a watch of its own
    }

    /// Whatever keeps this process from working is said here, before its first frame.
    void open_worker() {
        auto worker = run_->make_worker();
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(worker));
    }

    Bytes work(Chunk chunk) {
        auto worker = idle_worker();
        const Bytes bytes = run_->pack(worker->work(chunk));
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(worker));
        return bytes;
    }

    Bytes work_on_sent(Chunk chunk, std::span<const std::byte> frames) const {
        return run_->pack(run_->make_worker_on(sources::sent_frames(frames))->work(chunk));
    }

private:
    std::unique_ptr<Worker> idle_worker() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto worker = std::move(idle_.back());
                idle_.pop_back();
                return worker;
            }
        }
        return run_->make_worker();
    }

    std::unique_ptr<Run> run_;
    engine::Watch watch_;
    RunLedger ledger_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Worker>> idle_;
};

std::unique_ptr<Session> new_session(const HeldSource& source, Index n_atoms, const std::optional<DoubleArray>& masses,
                                     const nb::object& frames, const std::vector<HeldAnalysis*>& given,
                                     const std::vector<Index>& cuts) {
    Topology topology{n_atoms, masses ? to_vector(*masses) : std::vector<double>{}};
    FrameSelection selection = to_selection(frames);
    std::vector<std::unique_ptr<Analysis>> analyses;
    for (HeldAnalysis* held : given) {
        if (!held->analysis) throw ArgumentError("an analysis belongs to one run: make a new one for each");
        analyses.push_back(std::move(held->analysis));
    }
    const nb::gil_scoped_release no_gil;
    return std::make_unique<Session>(
        std::make_unique<Run>(source.source, std::move(topology), std::move(selection), std::move(analyses)), cuts);
}

std::unique_ptr<Analysis> rebuild_any(const std::string& name, ByteReader& spec) {
    if (name == python_analysis_name) return rebuild_python_analysis(spec);
    if (name == changing_groups_name) return rebuild_with_changing_groups(spec, rebuild_any);
    if (name == analyses::fitted_name) return analyses::rebuild_fitted(spec, rebuild_any);
    if (name == writers::written_trajectory_name) return writers::rebuild_written_trajectory(spec);
    return rebuild_analysis(name, spec);
}

std::unique_ptr<Session> rebuilt_session(const nb::bytes& spec, const HeldSource* source) {
    const auto bytes = to_span(spec);
    const nb::gil_scoped_release no_gil;
    return std::make_unique<Session>(
        std::make_unique<Run>(bytes, rebuild_any, source != nullptr ? source->source : nullptr));
}

nb::bytes work(Session& session, Index first, Index stop, const std::optional<nb::bytes>& frames) {
    const auto sent = frames ? to_span(*frames) : std::span<const std::byte>{};
    Bytes bytes;
    try {
        const nb::gil_scoped_release no_gil;
        bytes = frames ? session.work_on_sent({first, stop}, sent) : session.work({first, stop});
    } catch (const FrameError& error) {
        raise_frame_error(error);
    }
    return to_python(bytes);
}

/// Reads the frames of a chunk in any order; an error names the first ordinal at which the frame is asked for.
class ChunkReader final : public Reader {
public:
    ChunkReader(const Run& run, Chunk chunk) : run_(run), reader_(run.source().open_reader()) {
        for (Index ordinal = chunk.first; ordinal < chunk.stop; ++ordinal)
            ordinals_.emplace(run.frames()[ordinal], ordinal);
    }
    void read(Index frame_index, std::span<const Index>, Frame& frame) override {
        engine::read_checked(*reader_, run_.frames(), ordinals_.at(frame_index), run_.wanted(), frame);
    }

private:
    const Run& run_;
    std::unique_ptr<Reader> reader_;
    std::map<Index, Index> ordinals_;  ///< by frame index
};

Bytes pack_chunk(const Run& run, Chunk chunk) {
    ChunkReader reader(run, chunk);
    std::vector<Index> frames;
    for (Index ordinal = chunk.first; ordinal < chunk.stop; ++ordinal) frames.push_back(run.frames()[ordinal]);
    try {
        return sources::pack_frames(run.source(), reader, frames, run.wanted());
    } catch (const FrameError&) {
        Frame frame;
        for (Index frame_index : frames) reader.read(frame_index, run.wanted(), frame);  // the earliest ordinal's error
        throw;
    }
}

nb::bytes send_frames(Session& session, Index first, Index stop) {
    Bytes bytes;
    try {
        const nb::gil_scoped_release no_gil;
        bytes = pack_chunk(session.run(), {first, stop});
    } catch (const FrameError& error) {
        raise_frame_error(error);
    }
    return to_python(bytes);
}

bool give(Session& session, int worker, const nb::bytes& part) {
    const auto bytes = to_span(part);
    const nb::gil_scoped_release no_gil;
    return session.ledger().give(worker, session.run().unpack(bytes));
}

std::optional<std::pair<Index, Index>> take(Session& session, int worker, Index length, Index least) {
    const auto chunk = session.ledger().take(worker, length, least);
    if (!chunk) return std::nullopt;
    return std::pair(chunk->first, chunk->stop);
}

nb::list to_list(const PythonPieces& pieces) {
    nb::list list;
    for (const auto& [first, piece] : pieces)
        list.append(nb::make_tuple(first, piece.stop, nb::bytes(piece.value.data(), piece.value.size())));
    return list;
}

/// Dictionaries of the same arrays: whoever gets them may take some out.
nb::list copied(const nb::object& columns) {
    nb::list copies;
    for (nb::handle one : columns) copies.append(nb::steal(PyDict_Copy(one.ptr())));
    return copies;
}

/// For each analysis its columns; of one written in Python "pieces", [(first ordinal, stop, bytes)], ascending. `last`:
/// nothing more is given, and what was given need not stay beside these columns, which whoever asks again gets, too.
nb::list conclude(Session& session, bool last) {
    if (!session.concluded.is_none()) return copied(session.concluded);
    std::vector<Result> results;
    std::vector<std::optional<PythonPieces>> pieces;
    {
        const nb::gil_scoped_release no_gil;
        const auto look = [&](const Part& part) {
            for (const auto& state : part.states) pieces.push_back(pieces_of(*state));
        };
        if (last)
            session.ledger().use_up([&](Part& part) { look(part), results = session.run().conclude_last(part); });
        else
            session.ledger().visit([&](const Part& part) { look(part), results = session.run().conclude(part); });
    }
    nb::list list;
    for (std::size_t i = 0; i < results.size(); ++i) {
        nb::dict columns;
        for (Column& column : results[i])
            columns[column.name.c_str()] = column.floats ? to_numpy(std::move(*column.floats), column.shape)
                                                         : to_numpy(std::move(column.values), column.shape);
        if (pieces[i]) columns["pieces"] = to_list(*pieces[i]);
        list.append(columns);
    }
    if (last) session.concluded = copied(list);
    return list;
}

nb::dict as_dict(const WorkRecord& record) {
    nb::dict dict;
    dict["first"] = record.ordinals.first;
    dict["stop"] = record.ordinals.stop;
    dict["host"] = record.place.host;
    dict["pid"] = record.place.pid;
    dict["thread"] = record.place.thread;
    dict["simd"] = record.place.simd;
    dict["started"] = record.started;
    dict["open_seconds"] = record.open_seconds;
    dict["read_seconds"] = to_numpy(record.read_seconds, {index_of(record.read_seconds.size())});
    dict["compute_seconds"] = to_numpy(record.compute_seconds, {index_of(record.compute_seconds.size())});
    return dict;
}

nb::list records(Session& session) {
    std::vector<WorkRecord> records;
    {
        const nb::gil_scoped_release no_gil;
        session.ledger().visit([&](const Part& part) { records = part.records; });
    }
    std::ranges::sort(records, {}, [](const WorkRecord& record) { return record.ordinals.first; });
    nb::list list;
    for (const WorkRecord& record : records) list.append(as_dict(record));
    return list;
}

std::vector<std::pair<Index, Index>> done(Session& session) {
    std::vector<std::pair<Index, Index>> ranges;
    const nb::gil_scoped_release no_gil;
    session.ledger().visit([&](const Part& part) {
        for (Range range : part.ordinals.ranges) ranges.emplace_back(range.first, range.stop);
    });
    return ranges;
}

nb::bytes knowledge(Session& session) {
    if (!session.concluded.is_none()) throw StateError("what the frames gave was used up for the results");
    Bytes bytes;
    {
        const nb::gil_scoped_release no_gil;
        session.ledger().visit([&](const Part& part) { bytes = session.run().knowledge(part); });
    }
    return to_python(bytes);
}

}  // namespace

void bind_runs(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<Session>(module, "Run", "Several analyses over one selection of frames, in one pass.")
        .def(nb::new_(&new_session), "source"_a, "n_atoms"_a, "masses"_a.none(), "frames"_a, "analyses"_a,
             "cuts"_a = std::vector<Index>{})
        .def_static("rebuild", &rebuilt_session, "spec"_a, "source"_a.none())
        .def("spec", [](const Session& session) { return to_python(session.run().spec()); })
        .def_prop_ro("n_frames", [](const Session& session) { return session.run().n_frames(); })
        .def(
            "drive_serial", [](Session& s, const nb::object& watch) { s.drive(*backends::serial(), watch); },
            "watch"_a.none())
        .def(
            "drive_threads",
            [](Session& s, int n_threads, const nb::object& watch) { s.drive(*backends::threads(n_threads), watch); },
            "n_threads"_a, "watch"_a.none())
        .def(
            "expect", [](Session& s, int n_workers, Index length) { s.ledger().expect(n_workers, length); },
            "n_workers"_a, "length"_a)
        .def("take", &take, "worker"_a, "length"_a, "least"_a = 1)
        .def("give", &give, "worker"_a, "part"_a)
        .def(
            "fail",
            [](Session& s, int worker, Index ordinal, int kind, const std::string& text, const nb::bytes& payload) {
                s.ledger().fail(worker, FrameError(ordinal, static_cast<ErrorKind>(kind), text, to_string(payload)));
            },
            "worker"_a, "ordinal"_a, "kind"_a, "text"_a, "payload"_a = nb::bytes("", 0))
        .def(
            "lost", [](Session& s, int worker, const std::string& reason) { s.ledger().lost(worker, reason); },
            "worker"_a, "reason"_a)
        .def("stop", [](Session& s) { s.ledger().stop(); })
        .def_prop_ro("over", [](Session& s) { return s.ledger().over(); })
        .def_prop_ro("n_done", [](Session& s) { return s.ledger().n_done(); })
        .def_prop_ro("n_free", [](Session& s) { return s.ledger().n_free(); })
        .def("open_worker", &Session::open_worker, nb::call_guard<nb::gil_scoped_release>())
        .def("work", &work, "first"_a, "stop"_a, "frames"_a.none() = nb::none())
        .def("send_frames", &send_frames, "first"_a, "stop"_a)
        .def("close", [](Session& s) { s.ledger().close(); })
        .def("conclude", &conclude, "last"_a = false)
        .def_prop_ro("done", &done)
        .def_prop_ro("records", &records)
        .def_prop_ro("knowledge", &knowledge);
}

}  // namespace mdloom::bindings
