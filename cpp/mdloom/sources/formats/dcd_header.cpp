#include "mdloom/sources/formats/dcd_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace mdloom::sources {
namespace {

constexpr double akma_time = 1.0 / (1.0 / 4.888821e-2);  // ps; twice inverted, as MDAnalysis has it to the last bit
constexpr Index header_record = 84;                      // 4 letters and 20 integers

/// Walks through the records at the start of the file.
class HeaderReader {
public:
    explicit HeaderReader(const File& file) : file_(file) {}

    DcdHeader read() {
        Bytes start(usize(std::min<Index>(16, file_.size())));
        file_.read_at(0, start);
        const auto records = find_dcd_records(start);
        if (!records) refuse(0, "no DCD header");
        header_.records = *records;
        read_numbers(next("the header", header_record));
        skip_title();
        header_.n_atoms = integer(next("the number of atoms", 4), 0);
        const Index most = (file_.size() - at_) / 12;
        if (header_.n_atoms < 1 || header_.n_atoms > most)
            refuse(at_, fmt::format("{} atoms, but the file has room for one frame of 1 to {}: was it cut off?",
                                    header_.n_atoms, most));
        if (header_.n_fixed < 0 || header_.n_fixed > header_.n_atoms)
            refuse(0, fmt::format("{} of {} atoms fixed", header_.n_fixed, header_.n_atoms));
        if (header_.n_fixed > 0) read_free_atoms();
        header_.n_bytes = at_;
        return std::move(header_);
    }

private:
    [[noreturn]] void refuse(Index at, const std::string& what) const {
        throw FormatError(fmt::format("{}: header is damaged at byte {}: {}", file_.path(), at, what));
    }
    Index integer(const Bytes& record, std::size_t i) const {
        return load<std::int32_t>(record.data() + 4 * i, header_.records.order);
    }

    /// The length at byte `at`, which opens or closes `what`.
    Index length(Index at, const char* what) const {
        Bytes marker(usize(header_.records.marker));
        if (at > file_.size() - header_.records.marker) refuse(at, fmt::format("the file ends in {}", what));
        file_.read_at(at, marker);
        return header_.records.length(marker.data());
    }

    /// The content of the next record.
    Bytes next(const char* what, Index expected) {
        const DcdRecords& records = header_.records;
        const Index n = length(at_, what), n_left = file_.size() - at_ - records.size(0);
        if (n != expected || n > n_left) refuse(at_, fmt::format("{} has {} bytes, expected {}", what, n, expected));
        Bytes content(usize(n));
        file_.read_at(at_ + records.marker, content);
        if (const Index again = length(at_ + records.marker + n, what); again != n)
            refuse(at_, fmt::format("{} has {} bytes at its start, {} at its end", what, n, again));
        at_ += records.size(n);
        return content;
    }

    /// Some writers give the length of two lines and then write three: the number of lines decides where the lengths do
    /// not meet.
    void skip_title() {
        const DcdRecords& records = header_.records;
        const Index n = length(at_, "the title");
        Bytes n_lines(4);
        if (n < 4 || at_ + records.marker + 4 > file_.size()) refuse(at_, fmt::format("the title has {} bytes", n));
        file_.read_at(at_ + records.marker, n_lines);
        for (Index content : {n, 4 + 80 * Index{load<std::int32_t>(n_lines.data(), records.order)}}) {
            if (content < 4 || content > file_.size() - at_ - 2 * records.marker) continue;
            const Index end = at_ + records.marker + content;
            if (length(end, "the title") != n) continue;
            at_ = end + records.marker;
            return;
        }
        refuse(at_, fmt::format("the title of {} bytes has no end", n));
    }

    void read_numbers(const Bytes& record) {
        if (static_cast<char>(record[0]) == 'V')
            throw FormatError(fmt::format("{}: holds velocities, expected coordinates", file_.path()));
        const auto number = [&](std::size_t i) { return integer(record, i + 1); };  // 4 letters in front
        const bool is_charmm = number(19) != 0;                                     // its version; 0 in X-PLOR
        header_.n_fixed = number(8);
        header_.has_cell = is_charmm && number(10) != 0;
        header_.has_4th = is_charmm && number(11) == 1;
        const auto* delta = record.data() + 40;
        const auto order = header_.records.order;
        header_.dt = (is_charmm ? load<float>(delta, order) : load<double>(delta, order)) * akma_time;
        header_.first_step = number(1);
        header_.interval = number(2);
        if (header_.interval == 0) return;
        header_.dt *= static_cast<double>(header_.interval);
        header_.time_offset = static_cast<double>(header_.first_step) / static_cast<double>(header_.interval);
    }

    void read_free_atoms() {
        const Index n_free = header_.n_atoms - header_.n_fixed;
        const Index start = at_;
        const Bytes record = next("the list of free atoms", 4 * n_free);
        for (Index i = 0; i < n_free; ++i) {
            const Index atom = integer(record, usize(i)) - 1;
            if (atom < 0 || atom >= header_.n_atoms)
                refuse(start, fmt::format("free atom {} of {}", atom + 1, header_.n_atoms));
            header_.free_atoms.push_back(atom);
        }
    }

    const File& file_;
    DcdHeader header_;
    Index at_ = 0;
};

}  // namespace

std::optional<DcdRecords> find_dcd_records(std::span<const std::byte> head) {
    for (Index marker : {4, 8})
        for (std::endian order : {std::endian::little, std::endian::big}) {
            const DcdRecords records{order, marker};
            if (index_of(head.size()) < marker + 4 || records.length(head.data()) != header_record) continue;
            const std::string_view letters(reinterpret_cast<const char*>(head.data()) + marker, 4);
            if (letters == "CORD" || letters == "VELD") return records;
        }
    return {};
}

DcdHeader read_dcd_header(const File& file) {
    return HeaderReader(file).read();
}

}  // namespace mdloom::sources
