#include "mdloom/sources/formats/amber_netcdf.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/formats/netcdf_header.hpp"
#include "mdloom/sources/formats/packed_positions.hpp"
#include "mdloom/sources/formats/unit_cell.hpp"
#include "mdloom/sources/wanted_atoms.hpp"

namespace mdloom::sources {
namespace {

/// The numbers of a variable that belong to one frame.
struct Values {
    Index begin = 0, stride = 0;  // bytes: where those of frame k start is begin + k * stride
    Index n = 0;
    StoredNumbers numbers;

    Index offset(Index frame_index) const { return begin + frame_index * stride; }
};

struct Layout {
    Index n_atoms = 0, n_frames = 0;
    Index end = 0;       // of the frames, in bytes
    Index n_behind = 0;  // frames for which there is room behind those that the header counts
    bool is_torn = false;
    Values coordinates;
    std::optional<Values> time, cell_lengths, cell_angles;

    /// Where all of a frame's numbers stand, when they are in records.
    Range bytes(Index frame_index) const {
        Index first = coordinates.begin;
        for (const auto& values : {time, cell_lengths, cell_angles})
            if (values && values->stride == coordinates.stride) first = std::min(first, values->begin);
        first += frame_index * coordinates.stride;
        return {first, std::min(first + coordinates.stride, end)};
    }
};

[[noreturn]] void refuse(const File& file, const std::string& what) {
    throw FormatError(fmt::format("{}: {}", file.path(), what));
}
[[noreturn]] void leave_to_others(const File& file, const std::string& what) {
    throw ArgumentError(
        fmt::format("{}: {}, which is not read natively: read it through MDAnalysis, "
                    "mda.Universe(topology, '{}')",
                    file.path(), what, file.name()));
}

void require_amber(const File& file, const NetcdfHeader& header) {
    const auto* conventions = header.attribute("Conventions");
    std::string words = conventions ? conventions->text : "";
    std::ranges::replace(words, ',', ' ');
    words = " " + words + " ";
    if (words.find(" AMBERRESTART ") != std::string::npos)
        leave_to_others(file, "is an AMBER restart file (Conventions AMBERRESTART)");
    if (words.find(" AMBER ") == std::string::npos)
        refuse(file,
               fmt::format("is NetCDF with Conventions '{}', expected AMBER", conventions ? conventions->text : ""));
}

/// MDAnalysis' rules: a factor within 1e-9 of 1 is none; single precision stays what it is.
void read_scale(const File& file, const NetcdfVariable& variable, StoredNumbers& numbers) {
    const auto* scale = variable.attribute("scale_factor");
    if (!scale) return;
    if (!scale->value)
        leave_to_others(file, fmt::format("scale_factor of {} is not one float or double", variable.name));
    const double factor = *scale->value;
    if (std::abs(factor - 1) <= 1e-9 * std::max(std::abs(factor), 1.0)) return;
    numbers.factor = factor;
    numbers.scaled_as_doubles = numbers.are_doubles || scale->type == NetcdfType::float64;
}

void require_unit(const File& file, const NetcdfVariable& variable, std::string_view unit) {
    const auto* found = variable.attribute("units");
    if (found && found->text != unit && found->text != std::string(unit) + "s")
        refuse(file, fmt::format("{} are in units of '{}', expected {}", variable.name, found->text, unit));
}

/// Where `name` stands, if it does: n numbers (0: any) for each frame.
std::optional<Values> find_values(const File& file, const NetcdfHeader& header, const NetcdfRecords& records,
                                  const char* name, std::string_view unit, Index n) {
    const auto* variable = header.variable(name);
    if (!variable) return {};
    if (variable->dimensions.empty() || variable->dimensions.front().name != "frame")
        leave_to_others(file, fmt::format("variable {} has no dimension 'frame' in front", name));
    if (variable->type != NetcdfType::float32 && variable->type != NetcdfType::float64)
        leave_to_others(file, fmt::format("variable {} holds numbers of type {} (5: float and 6: double are expected)",
                                          name, static_cast<int>(variable->type)));
    require_unit(file, *variable, unit);
    Values values;
    values.numbers.are_doubles = variable->type == NetcdfType::float64;
    read_scale(file, *variable, values.numbers);
    UInt128 n_found = 1;
    for (std::size_t i = 1; i < variable->dimensions.size(); ++i)
        n_found = std::min<UInt128>(n_found * usize(variable->dimensions[i].length), usize(file.size()));
    values.n = static_cast<Index>(n_found);
    if (n > 0 && values.n != n)
        refuse(file, fmt::format("{} has {} numbers in each frame, expected {}", name, values.n, n));
    values.begin = variable->begin;
    values.stride = variable->is_record ? records.n_bytes : values.n * values.numbers.n_bytes();
    if (!variable->is_record && (variable->begin < header.n_bytes || variable->begin > file.size() ||
                                 variable->n_bytes > file.size() - variable->begin))
        refuse(file, fmt::format("has {} bytes, but {} has {} from byte {} on: was it cut off?", file.size(), name,
                                 variable->n_bytes, variable->begin));
    return values;
}

void count_records(const File& file, const NetcdfHeader& header, const NetcdfRecords& records, Layout& layout) {
    const Index n_left = std::max<Index>(0, file.size() - records.first);
    const Index n_whole = n_left / records.n_bytes;
    const bool is_counted = header.n_records >= 0;
    layout.n_frames = is_counted ? std::min(header.n_records, n_whole) : n_whole;
    layout.n_behind = n_whole - layout.n_frames;
    layout.is_torn = is_counted ? header.n_records > n_whole : n_left % records.n_bytes > 0;
    layout.end = records.first + layout.n_frames * records.n_bytes;
    if (layout.n_frames == 0)
        refuse(file, fmt::format("holds no whole frame: its header counts {}, the first needs bytes {} to {}, and the "
                                 "file has {}",
                                 is_counted ? std::to_string(header.n_records) : "none", records.first,
                                 records.first + records.n_bytes, file.size()));
}

Layout find_layout(const File& file, const NetcdfHeader& header) {
    require_amber(file, header);
    const auto* coordinates = header.variable("coordinates");
    if (!coordinates) refuse(file, "holds no coordinates, expected a variable of this name");
    if (coordinates->dimensions.size() != 3 || coordinates->dimensions[2].length != 3)
        leave_to_others(file, "coordinates are not (frame, atom, spatial)");
    const auto records = find_netcdf_records(file, header);
    const auto values = [&](const char* name, std::string_view unit, Index n) {
        return find_values(file, header, records, name, unit, n);
    };
    Layout layout;
    layout.coordinates = *values("coordinates", "angstrom", 0);
    layout.n_atoms = coordinates->dimensions[1].length;
    layout.time = values("time", "picosecond", 1);
    layout.cell_lengths = values("cell_lengths", "angstrom", 3);
    layout.cell_angles = values("cell_angles", "degree", 3);
    if (layout.cell_lengths.has_value() != layout.cell_angles.has_value())
        refuse(file, "holds only one of cell_lengths and cell_angles, expected both or none");
    if (coordinates->is_record) {
        count_records(file, header, records, layout);
    } else {
        layout.n_frames = coordinates->dimensions[0].length;
        layout.end = file.size();
    }
    return layout;
}

class AmberSource final : public FileSource {
public:
    AmberSource(std::shared_ptr<const File> opened, const OpenOptions& how, const std::optional<Snapshot>& expected)
        : FileSource("NCDF", std::move(opened), how) {
        const auto header = read_netcdf_header(file());
        layout_ = find_layout(file(), header);
        if (!expected) report();
        // The number of records changes when some are appended.
        take_snapshot(layout_.n_atoms, layout_.n_frames, layout_.end, expected, {{4, 4 + header.counter_bytes()}});
    }
    std::shared_ptr<const Source> refresh() const override {
        return std::make_shared<const AmberSource>(reopen(), options(), std::nullopt);
    }
    std::unique_ptr<Reader> open_reader() const override;

    const Layout& layout() const { return layout_; }

private:
    void report() const {
        if (layout_.is_torn) report_torn_frame(layout_.n_frames, layout_.end);
        if (layout_.n_behind > 0 && options().warn)
            options().warn(
                fmt::format("{} has room for {} more frames than the {} that its header counts: they are not "
                            "read. is it still being written?",
                            name(), layout_.n_behind, layout_.n_frames));
    }

    Layout layout_;
};

class AmberReader final : public Reader {
public:
    explicit AmberReader(const AmberSource& source)
        : source_(source), layout_(source.layout()), ahead_(source.file()) {}

    void expect(const Upcoming& upcoming) override {
        const Index n_frames = are_readable(source_, upcoming) ? upcoming.n_frames : 0;
        ahead_.expect_short(n_frames, [this, first = upcoming.first, step = upcoming.step](Index i) {
            return layout_.bytes(first + i * step);
        });
    }

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        require_readable(source_, frame_index, wanted);
        frame.index = frame_index;
        frame.time = static_cast<double>(frame_index);  // ps, MDAnalysis' when there are none
        if (layout_.time) frame.time = fetch<1>(*layout_.time, frame_index)[0];
        frame.box = {};
        frame.stored = {};  // no step either: the format has none
        if (layout_.cell_lengths) read_cell(frame_index, frame);
        const auto& coordinates = layout_.coordinates;
        positions_.read(ahead_, coordinates.offset(frame_index), coordinates.numbers, wanted, frame.positions);
    }

private:
    template <std::size_t n>
    std::array<double, n> fetch(const Values& values, Index frame_index) {
        std::array<std::byte, 8 * n> bytes;
        const Index width = values.numbers.n_bytes();
        ahead_.read_at(values.offset(frame_index), std::span(bytes).first(n * usize(width)));
        std::array<double, n> found;
        for (std::size_t i = 0; i < n; ++i) found[i] = number(values.numbers, bytes.data(), index_of(i));
        return found;
    }
    void read_cell(Index frame_index, Frame& frame) {
        const auto lengths = fetch<3>(*layout_.cell_lengths, frame_index);
        const auto angles = fetch<3>(*layout_.cell_angles, frame_index);
        std::array<float, 6> cell;
        for (std::size_t i = 0; i < 6; ++i) cell[i] = static_cast<float>(i < 3 ? lengths[i] : angles[i - 3]);
        frame.box = box_of_lengths_and_angles(cell);
    }

    const AmberSource& source_;
    const Layout& layout_;
    ReadAhead ahead_;
    PackedPositions positions_;
};

std::unique_ptr<Reader> AmberSource::open_reader() const {
    return std::make_unique<AmberReader>(*this);
}

}  // namespace

std::shared_ptr<const Source> open_amber_netcdf(std::shared_ptr<const File> file, const OpenOptions& options,
                                                const std::optional<Snapshot>& expected) {
    return std::make_shared<const AmberSource>(std::move(file), options, expected);
}

}  // namespace mdloom::sources
