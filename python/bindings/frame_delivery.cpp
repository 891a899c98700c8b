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

class FrameDelivery {
public:
    explicit FrameDelivery(const HeldSource& held) : source_(held.source), all_(first_atoms(source_->n_atoms())) {}

    /// (positions [n_atoms, 3], time, box [3, 3]). The reader fills the memory that numpy shows; when the array is
    /// gone, it comes back here.
    nb::tuple frame(Index index) {
        Frame frame;
        {
            const nb::gil_scoped_release no_gil;
            if (auto buffer = buffers_->take()) frame.positions = std::move(*buffer);
            read(index, *all_, frame);
        }
        auto* lent = new Lent{std::move(frame.positions), buffers_};
        const nb::capsule owner(lent, [](void* p) noexcept {
            const std::unique_ptr<Lent> back(static_cast<Lent*>(p));
            back->home->put(std::move(back->positions));
        });
        auto positions = nb::ndarray<nb::numpy, float>(lent->positions.data()->data(), {all_->size(), 3}, owner);
        return nb::make_tuple(nb::cast(std::move(positions)), frame.time,
                              to_numpy(std::vector<float>(frame.box.begin(), frame.box.end()), {3, 3}));
    }

    /// Fills positions [n, n_wanted, 3] from n frames.
    void fill(const std::optional<IndexArray>& atoms, Index start, Index step, const PositionsOut& positions) {
        const auto some = atoms ? to_vector(*atoms) : std::vector<Index>{};
        const auto wanted = atoms ? std::span(some) : std::span(*all_);
        if (positions.shape(1) != wanted.size()) throw ArgumentError("positions has not one row for each wanted atom");
        const nb::gil_scoped_release no_gil;
        Frame frame;
        if (auto buffer = buffers_->take()) frame.positions = std::move(*buffer);
        float* out = positions.data();
        for (Index i = 0; i < index_of(positions.shape(0)); ++i, out += 3 * wanted.size()) {
            read(start + i * step, wanted, frame);
            if (!wanted.empty()) std::memcpy(out, frame.positions.data(), wanted.size() * sizeof(Vec3));
        }
        buffers_->put(std::move(frame.positions));
    }

private:
    struct Lent {
        std::vector<Vec3> positions;
        std::shared_ptr<Buffers> home;
    };

    void read(Index index, std::span<const Index> wanted, Frame& frame) {
        auto reader = readers_.take();
        if (!reader) reader = source_->open_reader();
        (*reader)->read(index, wanted, frame);
        readers_.put(std::move(*reader));
    }

    std::shared_ptr<const Source> source_;
    std::shared_ptr<const std::vector<Index>> all_;
    Resting<std::unique_ptr<Reader>> readers_;
    std::shared_ptr<Buffers> buffers_ = buffers_for(source_->n_atoms());
};

}  // namespace

void bind_frame_delivery(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<FrameDelivery>(module, "FrameDelivery", "Reads frames for Python with memory that is used again.")
        .def(nb::init<const HeldSource&>(), "source"_a)
        .def("frame", &FrameDelivery::frame, "index"_a)
        .def("fill", &FrameDelivery::fill, "atoms"_a.none(), "start"_a, "step"_a, "positions"_a.noconvert());
}

}  // namespace mdloom::bindings
