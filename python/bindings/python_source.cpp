#include "python_source.hpp"

#include <fmt/format.h>

namespace mdloom::bindings {

namespace {

using Positions = nb::ndarray<const float, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using BoxArray = nb::ndarray<const float, nb::shape<9>, nb::c_contig, nb::device::cpu>;

[[noreturn]] void throw_as_format_error(nb::python_error& error, Index frame_index, const std::string& name) {
    const nb::gil_scoped_acquire gil;
    // A Ctrl-C that landed in the reader is not the reader's failure: the thread that watches the run shall see it.
    if (error.matches(PyExc_KeyboardInterrupt)) PyErr_SetInterrupt();
    throw FormatError(fmt::format("frame {} of {} cannot be read: {}: {}", frame_index, name,
                                  nb::cast<std::string>(error.type().attr("__name__")),
                                  nb::cast<std::string>(nb::str(error.value()))));
}

class PythonReader final : public Reader, public PythonOrigin {
public:
    PythonReader(nb::object reader, const std::string& name) : reader_(std::move(reader)), name_(name) {}

    const nb::object& reader() const override { return *reader_; }

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override try {
        const nb::gil_scoped_acquire gil;
        const nb::object atoms = to_numpy(std::vector<Index>(wanted.begin(), wanted.end()), {index_of(wanted.size())});
        const auto given = nb::cast<nb::tuple>((*reader_).attr("read")(frame_index, atoms));
        const auto positions = nb::cast<Positions>(given[0]);
        const auto box = nb::cast<BoxArray>(given[2]);
        if (positions.shape(0) != wanted.size())
            throw FormatError(fmt::format("frame {} of {}: the reader gave {} atoms, {} were asked for", frame_index,
                                          name_, positions.shape(0), wanted.size()));
        frame.index = frame_index;
        frame.origin = this;
        frame.time = nb::cast<double>(given[1]);
        std::copy_n(box.data(), 9, frame.box.begin());
        frame.stored = {};
        if (given.size() > 3) {
            const auto cell = nb::cast<std::vector<double>>(given[3]);
            frame.stored.n_cell = std::min(index_of(cell.size()), index_of(frame.stored.cell.size()));
            std::copy_n(cell.begin(), frame.stored.n_cell, frame.stored.cell.begin());
        }
        if (given.size() > 4) frame.stored.step = nb::cast<Index>(given[4]);
        frame.positions.resize(wanted.size());
        if (!wanted.empty()) std::memcpy(frame.positions.data(), positions.data(), wanted.size() * sizeof(Vec3));
    } catch (nb::python_error& error) {
        throw_as_format_error(error, frame_index, name_);
    } catch (const nb::cast_error&) {
        throw FormatError(
            fmt::format("frame {} of {}: the reader gave no (float32 positions, time, box)", frame_index, name_));
    }

private:
    Held reader_;
    const std::string name_;
};

class PythonSource final : public Source, public std::enable_shared_from_this<PythonSource> {
public:
    PythonSource(nb::object open_reader, Index n_atoms, Index n_frames, std::string name)
        : open_reader_(std::move(open_reader)), n_atoms_(n_atoms), n_frames_(n_frames), name_(std::move(name)) {}

    Index n_atoms() const override { return n_atoms_; }
    Index n_frames() const override { return n_frames_; }
    std::string name() const override { return name_; }
    Bytes describe() const override { return {}; }
    void require_unchanged() const override {}
    std::shared_ptr<const Source> refresh() const override { return shared_from_this(); }
    std::unique_ptr<Reader> open_reader() const override try {
        const nb::gil_scoped_acquire gil;
        return std::make_unique<PythonReader>((*open_reader_)(), name_);
    } catch (nb::python_error& error) {
        const nb::gil_scoped_acquire gil;
        if (error.matches(PyExc_KeyboardInterrupt)) PyErr_SetInterrupt();  // as when it lands in a frame
        if (error.matches(PyExc_ImportError)) throw BackendError(nb::cast<std::string>(nb::str(error.value())));
        throw FileError(fmt::format("{} cannot be opened: {}", name_, nb::cast<std::string>(nb::str(error.value()))));
    }

private:
    Held open_reader_;
    const Index n_atoms_, n_frames_;
    const std::string name_;
};

}  // namespace

std::shared_ptr<const Source> python_source(nb::object open_reader, Index n_atoms, Index n_frames, std::string name) {
    return std::make_shared<PythonSource>(std::move(open_reader), n_atoms, n_frames, std::move(name));
}

}  // namespace mdloom::bindings
