// Frames of a trajectory, delivered to numpy. Reading one after the other touches memory once: fresh pages cost more
// than decoding into them (XTC of 47,681 atoms, 10 frames: 1.5 ns/atom of 4.5 when each trajectory has memory of its
// own), so it belongs to the process.
#include <mutex>
#include <numeric>

#include "bindings.hpp"

namespace mdloom::bindings {
namespace {

using PositionsOut = nb::ndarray<float, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;

/// What rests here until it is wanted again, by any thread.
template <class T>
class Resting {
public:
    /// Nothing: make a new one.
    std::optional<T> take() {
        const std::scoped_lock one_at_a_time(mutex_);
        if (resting_.empty()) return {};
        std::optional<T> taken(std::move(resting_.back()));
        resting_.pop_back();
        return taken;
    }
    void put(T what) {
        const std::scoped_lock one_at_a_time(mutex_);
        if (resting_.size() < most) resting_.push_back(std::move(what));
    }

private:
    static constexpr std::size_t most = 2;  // who iterates holds one frame while the next one is read
    std::mutex mutex_;
    std::vector<T> resting_;
};

/// Positions that numpy no longer shows.
using Buffers = Resting<std::vector<Vec3>>;

constexpr Index most_kept_atoms = 2'000'000;  // frames of 24 MB: nobody would want larger ones to stay for good

/// The process's, or, for large frames, one trajectory's.
std::shared_ptr<Buffers> buffers_for(Index n_atoms) {
    static const auto shared = std::make_shared<Buffers>();
    return n_atoms <= most_kept_atoms ? shared : std::make_shared<Buffers>();
}

/// 0, 1, 2, ... n - 1; the last one asked for is kept unless it is large.
std::shared_ptr<const std::vector<Index>> first_atoms(Index n) {
    static std::mutex mutex;
    static std::shared_ptr<const std::vector<Index>> kept;
    const std::scoped_lock one_at_a_time(mutex);
    if (kept && index_of(kept->size()) == n) return kept;
    auto atoms = std::make_shared<std::vector<Index>>(usize(n));
    std::iota(atoms->begin(), atoms->end(), Index{0});
    if (n <= most_kept_atoms) kept = atoms;
    return atoms;
}

/// A frame's positions and box, and where they rest when numpy no longer shows them.
struct Lent {
    std::vector<Vec3> rows;
    std::shared_ptr<Buffers> home;
};

/// ([n_atoms + 3, 3]: positions and, behind them, the cell vectors; time). One array: a second one costs 0.5 us.
/// The reader fills the memory that numpy shows; when the array is gone, it comes back to `home`.
nb::tuple deliver(Reader& reader, Index index, const std::vector<Index>& atoms, const std::shared_ptr<Buffers>& home) {
    Frame frame;
    {
        const nb::gil_scoped_release no_gil;
        if (auto buffer = home->take()) frame.positions = std::move(*buffer);
        reader.read(index, atoms, frame);
    }
    const std::size_t n_atoms = atoms.size();
    frame.positions.resize(n_atoms + 3);
    for (std::size_t i = 0; i < 9; ++i) frame.positions[n_atoms + i / 3][i % 3] = frame.box[i];
    auto* lent = new Lent{std::move(frame.positions), home};
    const nb::capsule owner(lent, [](void* p) noexcept {
        const std::unique_ptr<Lent> back(static_cast<Lent*>(p));
        back->home->put(std::move(back->rows));
    });
    auto rows = nb::ndarray<nb::numpy, float>(lent->rows.data()->data(), {n_atoms + 3, 3}, owner);
    return nb::make_tuple(nb::cast(std::move(rows)), frame.time);
}

/// Frames one after the other, as a loop wants them, by a reader that may read ahead.
class FrameSequence {
public:
    FrameSequence(std::shared_ptr<const Source> source, std::shared_ptr<const std::vector<Index>> atoms,
                  std::shared_ptr<Buffers> buffers, Index start, Index step, Index n_frames)
        : source_(std::move(source)),
          atoms_(std::move(atoms)),
          buffers_(std::move(buffers)),
          reader_(source_->open_reader()) {
        reader_->expect({start, step, n_frames, *atoms_});
    }

    nb::tuple frame(Index index) { return deliver(*reader_, index, *atoms_, buffers_); }

private:
    std::shared_ptr<const Source> source_;
    std::shared_ptr<const std::vector<Index>> atoms_;
    std::shared_ptr<Buffers> buffers_;
    std::unique_ptr<Reader> reader_;
};

class FrameDelivery {
public:
    explicit FrameDelivery(const HeldSource& held) : source_(held.source), all_(first_atoms(source_->n_atoms())) {}

    /// As deliver(); from any thread.
    nb::tuple frame(Index index) {
        auto reader = readers_.take();
        if (!reader) reader = source_->open_reader();
        nb::tuple delivered = deliver(**reader, index, *all_, buffers_);
        readers_.put(std::move(*reader));
        return delivered;
    }

    std::unique_ptr<FrameSequence> sequence(Index start, Index step, Index n_frames) const {
        return std::make_unique<FrameSequence>(source_, all_, buffers_, start, step, n_frames);
    }

    /// Fills positions [n, n_wanted, 3] from n frames.
    void fill(const std::optional<IndexArray>& atoms, Index start, Index step, const PositionsOut& positions) {
        const auto some = atoms ? to_vector(*atoms) : std::vector<Index>{};
        const auto wanted = atoms ? std::span(some) : std::span(*all_);
        if (positions.shape(1) != wanted.size()) throw ArgumentError("positions has not one row for each wanted atom");
        const nb::gil_scoped_release no_gil;
        const Index n_frames = index_of(positions.shape(0));
        auto reader = readers_.take();
        if (!reader) reader = source_->open_reader();
        (*reader)->expect({start, step, n_frames, wanted});
        Frame frame;
        if (auto buffer = buffers_->take()) frame.positions = std::move(*buffer);
        float* out = positions.data();
        for (Index i = 0; i < n_frames; ++i, out += 3 * wanted.size()) {
            (*reader)->read(start + i * step, wanted, frame);
            if (!wanted.empty()) std::memcpy(out, frame.positions.data(), wanted.size() * sizeof(Vec3));
        }
        buffers_->put(std::move(frame.positions));
        (*reader)->expect({});
        readers_.put(std::move(*reader));
    }

private:
    std::shared_ptr<const Source> source_;
    std::shared_ptr<const std::vector<Index>> all_;
    Resting<std::unique_ptr<Reader>> readers_;
    std::shared_ptr<Buffers> buffers_ = buffers_for(source_->n_atoms());
};

}  // namespace

void bind_frame_delivery(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<FrameSequence>(module, "FrameSequence", "Frames one after the other, for one thread.")
        .def("frame", &FrameSequence::frame, "index"_a);
    nb::class_<FrameDelivery>(module, "FrameDelivery", "Reads frames for Python with memory that is used again.")
        .def(nb::init<const HeldSource&>(), "source"_a)
        .def("frame", &FrameDelivery::frame, "index"_a)
        .def("sequence", &FrameDelivery::sequence, "start"_a, "step"_a, "n_frames"_a)
        .def("fill", &FrameDelivery::fill, "atoms"_a.none(), "start"_a, "step"_a, "positions"_a.noconvert());
}

}  // namespace mdloom::bindings
