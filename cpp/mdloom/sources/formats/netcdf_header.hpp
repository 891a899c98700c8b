// The header of a NetCDF classic file: dimensions, attributes, and where each variable stands.
// Spec: https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "mdloom/sources/files/file.hpp"

namespace mdloom::sources {

/// Types of values, as numbered in the file; 7 to 11 in CDF-5 only.
enum class NetcdfType : std::int32_t {
    int8 = 1,
    text = 2,
    int16 = 3,
    int32 = 4,
    float32 = 5,
    float64 = 6,
    uint8 = 7,
    uint16 = 8,
    uint32 = 9,
    int64 = 10,
    uint64 = 11
};

struct NetcdfDimension {
    std::string name;
    Index length = 0;  ///< 0: the record dimension
};

struct NetcdfAttribute {
    std::string name;
    NetcdfType type{};
    std::string text;             ///< of a text
    std::optional<double> value;  ///< of one float or double
};

struct NetcdfVariable {
    std::string name;
    std::vector<NetcdfDimension> dimensions;
    std::vector<NetcdfAttribute> attributes;
    NetcdfType type{};
    Index begin = 0;    ///< byte where its first value stands
    Index n_bytes = 0;  ///< of all its values, or of those of one record; without padding; huge ones are cut to 2^60
    bool is_record = false;

    const NetcdfAttribute* attribute(std::string_view wanted) const;
};

struct NetcdfHeader {
    int version = 0;      ///< 1, 2 or 5
    Index n_records = 0;  ///< as the header counts them; -1: it does not ("streaming")
    Index n_bytes = 0;    ///< of the header
    std::vector<NetcdfDimension> dimensions;
    std::vector<NetcdfAttribute> attributes;
    std::vector<NetcdfVariable> variables;

    const NetcdfDimension* dimension(std::string_view wanted) const;
    const NetcdfAttribute* attribute(std::string_view wanted) const;
    const NetcdfVariable* variable(std::string_view wanted) const;
    Index counter_bytes() const { return version == 5 ? 8 : 4; }  ///< of n_records, from byte 4 on
};

/// Records stand one after the other from `first` on.
struct NetcdfRecords {
    Index first = 0;
    Index n_bytes = 0;  ///< of each, with padding
};

bool is_netcdf(std::span<const std::byte> head);

/// Throws FormatError naming the byte, FileError.
NetcdfHeader read_netcdf_header(const File& file);

/// Throws FormatError when a variable stands outside the records or in the header.
NetcdfRecords find_netcdf_records(const File& file, const NetcdfHeader& header);

}  // namespace mdloom::sources
