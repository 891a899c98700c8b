// The records at the start of a DCD file: what it holds, and in which dialect.
#pragma once
#include <bit>
#include <optional>
#include <vector>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/files/file.hpp"

namespace mdloom::sources {

/// Fortran records: a length, so many bytes, the length again.
struct DcdRecords {
    std::endian order = std::endian::little;
    Index marker = 4;  ///< bytes of a length

    Index length(const std::byte* at) const {
        const auto value = marker == 8 ? load<std::uint64_t>(at, order) : load<std::uint32_t>(at, order);
        return static_cast<Index>(value);
    }
    Index size(Index n_bytes) const { return n_bytes + 2 * marker; }
};

/// How the lengths of this file are written, if it starts with a header record (of positions or of velocities).
std::optional<DcdRecords> find_dcd_records(std::span<const std::byte> head);

struct DcdHeader {
    DcdRecords records;
    Index n_atoms = 0, n_fixed = 0;
    bool has_cell = false, has_4th = false;
    double time_offset = 0, dt = 0;      // time of frame k: (k + time_offset) * dt
    Index first_step = 0, interval = 0;  // of frame 0, and between frames; 0: the header does not say
    std::vector<Index> free_atoms;       // when some are fixed: those whose positions stand in all frames but the first
    Index n_bytes = 0;
};

/// Throws FileError, FormatError.
DcdHeader read_dcd_header(const File& file);

}  // namespace mdloom::sources
