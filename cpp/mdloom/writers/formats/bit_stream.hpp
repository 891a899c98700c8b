// Bits -> bytes, most significant bit first.
#pragma once
#include <array>
#include <cstring>

#include "mdloom/base/bytes.hpp"
#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/writers/formats/encoding.hpp"

namespace mdloom::writers {

class BitStream {
public:
    static constexpr std::size_t most_bits = 56;  ///< of one put()

    explicit BitStream(Bytes& out) : out_(out), before_(out.size()) {}

    /// Before so many bytes are put.
    void make_room(std::size_t n) {
        if (n_full_ + n + 8 > buffer_.size()) [[unlikely]]  // put() writes 8 bytes each time
            empty_buffer();
    }
    /// The lowest n <= most_bits bits of a value that has no others.
    void put(std::uint64_t value, int n) {
        n_pending_ += n;
        pending_ |= value << (64 - n_pending_);
        const std::uint64_t big = sources::swap_bytes(pending_);
        std::memcpy(buffer_.data() + n_full_, &big, 8);
        n_full_ += static_cast<std::size_t>(n_pending_ >> 3);
        pending_ <<= n_pending_ & ~7;
        n_pending_ &= 7;
    }
    /// Ends the last byte with zeros; returns the number of bytes in all.
    Index finish() {
        n_full_ += n_pending_ > 0;
        empty_buffer();
        return index_of(out_.size() - before_);
    }

private:
    void empty_buffer() {
        std::memcpy(grown(out_, n_full_), buffer_.data(), n_full_);
        n_full_ = 0;
    }

    Bytes& out_;
    std::size_t before_;
    std::uint64_t pending_ = 0;  // left aligned, less than a byte between puts
    int n_pending_ = 0;
    std::size_t n_full_ = 0;
    std::array<std::byte, 4096> buffer_;
};

}  // namespace mdloom::writers
