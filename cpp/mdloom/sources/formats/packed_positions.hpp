// Positions that stand in a file as plain numbers: one atom after the other, x y z, as big-endian floats or doubles
// (TRR and NetCDF), or all x, all y, all z (DCD).
#pragma once
#include <bit>
#include <span>

#include "mdloom/base/simd.hpp"
#include "mdloom/frame/frame.hpp"
#include "mdloom/sources/files/read_ahead.hpp"

namespace mdloom::sources {

/// How a stored number becomes a coordinate in Å.
struct StoredNumbers {
    bool are_doubles = false;
    double factor = 1;
    bool scaled_as_doubles = false;  ///< rounded to float after the multiplication, not before

    Index n_bytes() const { return are_doubles ? 8 : 4; }
};

/// Number i of those that start at `in`, before it is rounded to a float.
double number(const StoredNumbers& numbers, const std::byte* in, Index i);

/// One reader's buffer.
class PackedPositions {
public:
    /// The wanted atoms of a frame whose positions start at `offset`; reads the stretches of the file that hold them.
    /// Throws FileError.
    void read(ReadAhead& file, Index offset, const StoredNumbers& numbers, std::span<const Index> wanted,
              std::vector<Vec3>& positions);

private:
    Simd level_ = chosen_simd();
    Bytes buffer_;
};

/// out[i] = (x[i], y[i], z[i]), which are floats in `order`.
void interleave(const std::array<const std::byte*, 3>& axes, std::endian order, Index n, Vec3* out, Simd level);

}  // namespace mdloom::sources
