// Writes AMBER NetCDF files for tests, and such as are nearly that, in each of the three classic formats.
#pragma once
#include <array>
#include <optional>
#include <string>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::sources {

struct NetcdfFile {
    std::vector<std::vector<std::array<double, 3>>> frames = {};  // Å, before scaling
    std::vector<std::array<double, 6>> cells = {};                // lengths, angles; one for each frame, or none
    int version = 2;                                              // 1, 2 or 5
    bool is_double = false, cell_is_double = true, time_is_double = false;
    bool has_time = true, has_velocities = false, has_letters = false;  // letters: 3 bytes per record, padded
    bool frames_are_records = true;
    std::optional<double> scale = {};  // attribute of the coordinates; of the time it is 2
    bool scale_is_double = true;
    std::optional<Index> n_promised = {};  // records in the header; -1: streaming
    std::string conventions = "AMBER", unit = "angstrom", spatial = "spatial";
    std::int32_t coordinates_type = 0;  // 0: float or double, as is_double says
    Index n_spatial = 3;
};

Bytes netcdf_bytes(const NetcdfFile& file);

/// What reading it must give, Å.
std::vector<Vec3> netcdf_positions(const NetcdfFile& file, std::size_t frame);

NetcdfFile random_netcdf(Index n_frames, Index n_atoms, std::uint32_t seed = 7);

}  // namespace mdloom::sources
