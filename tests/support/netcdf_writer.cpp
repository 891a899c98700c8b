#include "support/netcdf_writer.hpp"

#include <random>

#include "support/big_endian.hpp"

namespace mdloom::sources {
namespace {

constexpr std::int32_t float_type = 5, double_type = 6, text_type = 2;

void pad(Bytes& out) {
    while (out.size() % 4 != 0) out.push_back({});
}

struct Variable {
    std::string name;
    std::vector<Index> dimensions;
    std::vector<std::pair<std::string, std::string>> texts;
    std::optional<double> scale;
    bool scale_is_double = true;
    std::int32_t type = float_type;
    Index n_values = 0;  // of a frame, or of all when it has no frames

    Index n_bytes() const { return n_values * (type == text_type ? 1 : type == double_type ? 8 : 4); }
    Index padded() const { return (n_bytes() + 3) / 4 * 4; }
    bool has_frames() const { return !dimensions.empty() && dimensions[0] == 0; }
};

class HeaderWriter {
public:
    explicit HeaderWriter(int version) : version_(version) {}

    void count(Index n) { version_ == 5 ? put_big(out, n) : put_big(out, static_cast<std::uint32_t>(n)); }
    void tag(std::int32_t value) { put_big(out, value); }
    void begin(Index at) { version_ == 1 ? put_big(out, static_cast<std::uint32_t>(at)) : put_big(out, at); }
    void name(std::string_view text) { count(index_of(text.size())), put_text(out, text), pad(out); }
    void text(std::string_view which, std::string_view value) { name(which), tag(text_type), name(value); }

    void variable(const Variable& given, Index at) {
        name(given.name), count(index_of(given.dimensions.size()));
        for (Index dimension : given.dimensions) count(dimension);
        tag(12), count(index_of(given.texts.size()) + (given.scale ? 1 : 0));
        for (const auto& [which, value] : given.texts) text(which, value);
        if (given.scale) {
            name("scale_factor"), tag(given.scale_is_double ? double_type : float_type), count(1);
            put_real(out, *given.scale, given.scale_is_double);
        }
        tag(given.type), count(given.padded()), begin(at);
    }
    Bytes out;

private:
    int version_;
};

std::vector<Variable> variables_of(const NetcdfFile& file) {
    const auto type = [](bool is_double) { return is_double ? double_type : float_type; };
    const Index n = index_of(file.frames.at(0).size());
    // dimensions: 0 frame, 1 atom, 2 spatial, 3 label
    std::vector<Variable> all{{"spatial", {2}, {}, {}, true, text_type, file.n_spatial}};
    if (file.has_letters) all.push_back({"letters", {0, 3}, {}, {}, true, text_type, 3});
    if (file.has_time) all.push_back({"time", {0}, {{"units", "picosecond"}}, {}, true, type(file.time_is_double), 1});
    if (file.has_time && file.scale) all.back().scale = 2;
    all.push_back({"coordinates",
                   {0, 1, 2},
                   {{"units", file.unit}, {"note", "any"}},
                   file.scale,
                   file.scale_is_double,
                   file.coordinates_type ? file.coordinates_type : type(file.is_double),
                   file.n_spatial * n});
    if (file.has_velocities) all.push_back({"velocities", {0, 1, 2}, {}, 20.455, false, float_type, 3 * n});
    if (file.cells.empty()) return all;
    const auto cell_type = type(file.cell_is_double);
    all.push_back({"cell_lengths", {0, 4}, {{"units", "angstrom"}}, {}, true, cell_type, 3});
    all.push_back({"cell_angles", {0, 5}, {{"units", "degree"}}, {}, true, cell_type, 3});
    return all;
}

Bytes header(const NetcdfFile& file, const std::vector<Variable>& variables, const std::vector<Index>& begins) {
    HeaderWriter to(file.version);
    const auto n_frames = index_of(file.frames.size());
    put_text(to.out, "CDF"), to.out.push_back(std::byte(file.version));
    to.count(file.n_promised ? *file.n_promised : file.frames_are_records ? n_frames : 0);
    to.tag(10), to.count(6);
    to.name("frame"), to.count(file.frames_are_records ? 0 : n_frames);
    to.name("atom"), to.count(index_of(file.frames.at(0).size()));
    to.name(file.spatial), to.count(file.n_spatial);
    for (const char* dimension : {"label", "cell_spatial", "cell_angular"}) to.name(dimension), to.count(3);
    to.tag(12), to.count(3);
    to.text("Conventions", file.conventions), to.text("ConventionVersion", "1.0"), to.text("program", "tests");
    to.tag(11), to.count(index_of(variables.size()));
    for (std::size_t i = 0; i < variables.size(); ++i) to.variable(variables[i], begins[i]);
    return std::move(to.out);
}

void put_frame(Bytes& out, const NetcdfFile& file, const Variable& variable, std::size_t k) {
    const bool is_double = variable.type == double_type;
    const auto time = 0.5 * static_cast<double>(k);
    if (variable.name == "time") put_real(out, time, is_double);
    if (variable.name == "letters") put_text(out, "abc");
    if (variable.name == "coordinates")
        for (const auto& position : file.frames[k])
            for (Index d = 0; d < file.n_spatial; ++d) put_real(out, position[usize(d % 3)], is_double);
    for (Index i = 0; variable.name == "velocities" && i < variable.n_values; ++i) put_real(out, -1, is_double);
    for (std::size_t i = 0; i < 3; ++i) {
        if (variable.name == "cell_lengths") put_real(out, file.cells[k][i], is_double);
        if (variable.name == "cell_angles") put_real(out, file.cells[k][3 + i], is_double);
    }
}

}  // namespace

Bytes netcdf_bytes(const NetcdfFile& file) {
    const auto variables = variables_of(file);
    std::vector<Index> begins(variables.size());
    Index at = index_of(header(file, variables, begins).size());
    const auto n_frames = index_of(file.frames.size());
    for (bool are_in_front : {true, false})  // whatever belongs to no record comes first
        for (std::size_t i = 0; i < variables.size(); ++i) {
            const bool is_record = file.frames_are_records && variables[i].has_frames();
            if (is_record == are_in_front) continue;
            begins[i] = at;
            at += variables[i].has_frames() && !is_record ? n_frames * variables[i].n_bytes() : variables[i].padded();
        }
    Bytes out = header(file, variables, begins);
    put_text(out, std::string(usize(file.n_spatial), 'x')), pad(out);
    if (file.frames_are_records) {
        for (std::size_t k = 0; k < file.frames.size(); ++k)
            for (const auto& variable : variables)
                if (variable.has_frames()) put_frame(out, file, variable, k), pad(out);
    } else {
        for (const auto& variable : variables)
            for (std::size_t k = 0; variable.has_frames() && k < file.frames.size(); ++k)
                put_frame(out, file, variable, k);
    }
    return out;
}

std::vector<Vec3> netcdf_positions(const NetcdfFile& file, std::size_t frame) {
    std::vector<Vec3> positions(file.frames[frame].size());
    const double scale = file.scale.value_or(1);
    for (std::size_t i = 0; i < positions.size(); ++i)
        for (std::size_t d = 0; d < 3; ++d) {
            const double exact = file.frames[frame][i][d];
            const double stored = file.is_double ? exact : double{static_cast<float>(exact)};
            const bool in_floats = !file.is_double && !file.scale_is_double;
            positions[i][d] =
                in_floats ? static_cast<float>(stored) * static_cast<float>(scale) : static_cast<float>(stored * scale);
        }
    return positions;
}

NetcdfFile random_netcdf(Index n_frames, Index n_atoms, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> any(0, 30);
    NetcdfFile file;
    file.frames.assign(usize(n_frames), std::vector<std::array<double, 3>>(usize(n_atoms)));
    for (auto& frame : file.frames) {
        for (auto& position : frame)
            for (double& value : position) value = any(random);
        file.cells.push_back({30, 31, 32 + std::abs(any(random)), 90, 80, 70.5});
    }
    return file;
}

}  // namespace mdloom::sources
