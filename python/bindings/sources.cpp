// Sources as Python holds them: files, arrays in memory, Python readers.
#include <mutex>

#include "bindings.hpp"
#include "mdloom/backends/for_each.hpp"
#include "mdloom/sources/catalog.hpp"
#include "mdloom/sources/formats/dcd_header.hpp"
#include "mdloom/transforms/transformed_source.hpp"
#include "python_source.hpp"

namespace mdloom::bindings {

namespace {

using FrameArray = nb::ndarray<const float, nb::shape<-1, -1, 3>, nb::device::cpu>;
using BoxRows = nb::ndarray<const float, nb::shape<-1, 9>, nb::c_contig, nb::device::cpu>;

/// Ctrl-C.
void throw_interrupts() {
    const nb::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

HeldSource open_files(const std::vector<std::string>& paths, bool strict, Warn warn, std::string format,
                      bool file_units) {
    const nb::gil_scoped_release no_gil;
    return {sources::open(
        paths, {strict, std::move(warn), std::move(format), file_units, backends::for_each(throw_interrupts)})};
}

HeldSource open_description(const nb::bytes& description, Warn warn, bool file_units) {
    const auto bytes = to_span(description);
    const nb::gil_scoped_release no_gil;
    const auto open = [&](std::span<const std::byte> inside) {
        return sources::open(inside, {false, warn, {}, file_units, backends::for_each(throw_interrupts, 1)});
    };
    if (auto source = transforms::open_transformed(bytes, open)) return {std::move(source)};
    return {open(bytes)};
}

std::vector<Index> wanted_of(const Source& source, const std::optional<IndexArray>& atoms) {
    if (atoms) return to_vector(*atoms);
    std::vector<Index> all(usize(source.n_atoms()));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = index_of(i);
    return all;
}

using WritablePositions = nb::ndarray<float, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;

/// A cursor that a Python reader keeps, with its buffers. Threads that share it take turns.
class FrameReader {
public:
    FrameReader(const HeldSource& held, const std::optional<IndexArray>& atoms)
        : source_(held.source), reader_(source_->open_reader()), wanted_(wanted_of(*source_, atoms)) {}

    nb::tuple read_into(Index frame_index, const WritablePositions& positions) {
        if (positions.shape(0) != wanted_.size())
            throw ArgumentError("positions has " + std::to_string(positions.shape(0)) + " rows, expected " +
                                std::to_string(wanted_.size()) + ": one for each atom that is read");
        return read(frame_index, wanted_, positions.data());
    }
    nb::tuple head(Index frame_index) { return read(frame_index, {}, nullptr); }
    /// Of the frame that was read last.
    nb::object box() {
        const std::scoped_lock one_at_a_time(mutex_);
        return to_numpy(std::vector<float>(frame_.box.begin(), frame_.box.end()), {9});
    }

private:
    nb::tuple read(Index frame_index, std::span<const Index> wanted, float* positions) {
        double time;
        Stored stored;
        {
            const nb::gil_scoped_release no_gil;
            const std::scoped_lock one_at_a_time(mutex_);
            reader_->read(frame_index, wanted, frame_);
            if (!wanted.empty()) std::memcpy(positions, frame_.positions.data(), wanted.size() * sizeof(Vec3));
            time = frame_.time, stored = frame_.stored;
        }
        nb::list cell;
        for (std::size_t i = 0; i < usize(stored.n_cell); ++i) cell.append(stored.cell[i]);
        return nb::make_tuple(time, stored.step, nb::tuple(cell));
    }

    std::shared_ptr<const Source> source_;
    std::unique_ptr<Reader> reader_;
    std::vector<Index> wanted_;
    std::mutex mutex_;
    Frame frame_;
};

/// What frame times are made of: (step of frame 0, steps between frames, ps between frames).
std::tuple<Index, Index, double> dcd_times(const std::string& path) {
    const auto header = sources::read_dcd_header(sources::File(path));
    return {header.first_step, header.interval, header.dt};
}

/// The wanted atoms of n frames, read one after the other: positions [n, n_wanted, 3], times [n], boxes [n, 3, 3].
nb::tuple read(const HeldSource& held, const std::optional<IndexArray>& atoms, Index start, Index step, Index n) {
    const Source& source = *held.source;
    const auto wanted = wanted_of(source, atoms);
    std::vector<float> positions(usize(n) * wanted.size() * 3), boxes(usize(n) * 9);
    std::vector<double> times(usize(n));
    {
        const nb::gil_scoped_release no_gil;
        const auto reader = source.open_reader();
        Frame frame;
        reader->expect({start, step, n, wanted});
        for (Index i = 0; i < n; ++i) {
            reader->read(start + i * step, wanted, frame);
            if (!wanted.empty())
                std::memcpy(&positions[usize(i) * wanted.size() * 3], frame.positions.data(),
                            wanted.size() * sizeof(Vec3));
            std::copy(frame.box.begin(), frame.box.end(), boxes.begin() + 9 * i);
            times[usize(i)] = frame.time;
        }
    }
    return nb::make_tuple(to_numpy(std::move(positions), {n, index_of(wanted.size()), 3}),
                          to_numpy(std::move(times), {n}), to_numpy(std::move(boxes), {n, 3, 3}));
}

HeldSource memory_source(const nb::object& positions, const DoubleArray& times, const BoxRows& boxes) {
    const auto array = nb::cast<FrameArray>(positions);
    sources::MemoryArray memory;
    memory.first = array.data();
    memory.n_frames = index_of(array.shape(0));
    memory.n_atoms = index_of(array.shape(1));
    for (std::size_t axis = 0; axis < 3; ++axis)
        memory.strides[axis] = array.stride(axis) * static_cast<Index>(sizeof(float));
    memory.owner = std::shared_ptr<const nb::object>(new nb::object(positions), [](const nb::object* held) {
        const nb::gil_scoped_acquire gil;
        delete held;
    });
    memory.times = to_vector(times);
    for (std::size_t i = 0; i < boxes.shape(0); ++i) {
        memory.boxes.emplace_back();
        std::copy_n(boxes.data() + 9 * i, 9, memory.boxes.back().begin());
    }
    return {sources::memory(std::move(memory))};
}

}  // namespace

void bind_sources(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<HeldSource>(module, "Source", "Where frames come from; a snapshot.")
        .def_prop_ro("n_atoms", [](const HeldSource& held) { return held.source->n_atoms(); })
        .def_prop_ro("n_frames", [](const HeldSource& held) { return held.source->n_frames(); })
        .def_prop_ro("name", [](const HeldSource& held) { return held.source->name(); })
        .def("describe", [](const HeldSource& held) { return to_python(held.source->describe()); })
        .def(
            "require_unchanged", [](const HeldSource& held) { held.source->require_unchanged(); },
            nb::call_guard<nb::gil_scoped_release>())
        .def("read", &read, "atoms"_a.none(), "start"_a, "step"_a, "n"_a);
    nb::class_<FrameReader>(module, "FrameReader", "One reader's private cursor; gives (time, step, stored cell).")
        .def(nb::init<const HeldSource&, const std::optional<IndexArray>&>(), "source"_a, "atoms"_a.none() = nb::none())
        .def("read_into", &FrameReader::read_into, "frame_index"_a, "positions"_a.noconvert())
        .def("head", &FrameReader::head, "frame_index"_a)
        .def_prop_ro("box", &FrameReader::box);
    module.def("dcd_times", &dcd_times, "path"_a);
    module.def("open_files", &open_files, "paths"_a, "strict"_a = false, "warn"_a.none() = nb::none(), "format"_a = "",
               "file_units"_a = false);
    module.def("open_description", &open_description, "description"_a, "warn"_a.none() = nb::none(),
               "file_units"_a = false);
    module.def("memory_source", &memory_source, "positions"_a, "times"_a, "boxes"_a);
    module.def(
        "python_source",
        [](nb::object open_reader, Index n_atoms, Index n_frames, std::string name) -> HeldSource {
            return {python_source(std::move(open_reader), n_atoms, n_frames, std::move(name))};
        },
        "open_reader"_a, "n_atoms"_a, "n_frames"_a, "name"_a);
}

}  // namespace mdloom::bindings
