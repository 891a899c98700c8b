#include "mdloom/sources/formats/netcdf_header.hpp"

#include <fmt/format.h>

#include <array>

#include "mdloom/sources/files/byte_order.hpp"

namespace mdloom::sources {
namespace {

constexpr std::int32_t dimensions_tag = 10, variables_tag = 11, attributes_tag = 12;
constexpr Index most_entries = 65536;  // of a list: more than any writer makes
constexpr Index longest_name = 1024;
constexpr Index most_bytes = Index{1} << 60;
constexpr Index window = 4096;

Index type_bytes(NetcdfType type) {
    constexpr std::array<Index, 12> sizes = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};
    return sizes[static_cast<std::size_t>(type)];
}

Index padded(Index n) {
    return (n + 3) / 4 * 4;
}

template <class List>
auto* find(const List& list, std::string_view wanted) {
    const auto found = std::ranges::find(list, wanted, &List::value_type::name);
    return found == list.end() ? nullptr : &*found;
}

/// Walks through the header. Every count is compared with the bytes left before it is believed.
class HeaderReader {
public:
    explicit HeaderReader(const File& file) : file_(file) {}

    NetcdfHeader read() {
        if (!is_netcdf(next(4))) refuse(0, "no NetCDF classic header");
        header_.version = static_cast<int>(bytes_[3]);
        const Index streaming = header_.version == 5 ? -1 : 0xffffffff;
        const Index at = at_, n = header_.version == 5 ? number<std::int64_t>() : number<std::uint32_t>();
        header_.n_records = n == streaming ? -1 : n;
        if (header_.n_records < -1) refuse(at, fmt::format("{} records", n));
        read_list(dimensions_tag, "dimensions", [&] {
            auto name = text("a dimension");
            header_.dimensions.push_back({std::move(name), count("length of a dimension", most_bytes)});
        });
        read_attributes(header_.attributes);
        read_list(variables_tag, "variables", [&] { read_variable(); });
        header_.n_bytes = at_;
        return std::move(header_);
    }

private:
    [[noreturn]] void refuse(Index at, const std::string& what) const {
        throw FormatError(fmt::format("{}: header is damaged at byte {}: {}", file_.path(), at, what));
    }

    /// The next n bytes; valid until the next call.
    std::span<const std::byte> next(Index n) {
        if (n > file_.size() - at_) refuse(at_, fmt::format("the file ends in it, {} more bytes are expected", n));
        if (at_ < first_ || at_ + n > first_ + index_of(bytes_.size())) {
            first_ = at_;
            bytes_.resize(usize(std::min(std::max(n, window), file_.size() - at_)));
            file_.read_at(first_, bytes_);
        }
        const auto found = std::span(bytes_).subspan(usize(at_ - first_), usize(n));
        at_ += n;
        return found;
    }
    template <class T>
    T number() {
        return load_big<T>(next(sizeof(T)).data());
    }
    /// A length, a number of entries, the number of a dimension or a place in the file.
    Index count(const char* what, Index most) {
        const Index at = at_, n = header_.version == 5 ? number<std::int64_t>() : number<std::uint32_t>();
        if (n < 0 || n > most) refuse(at, fmt::format("{} is {}, expected 0 to {}", what, n, most));
        return n;
    }
    std::string text(const char* what) {
        const Index at = at_, n = count("length of a name", longest_name);
        if (n > file_.size() - at_) refuse(at, fmt::format("name of {} has {} bytes", what, n));
        const auto found = next(padded(n)).first(usize(n));
        return {reinterpret_cast<const char*>(found.data()), found.size()};
    }
    NetcdfType type() {
        const Index at = at_;
        const auto found = number<std::int32_t>(), last = header_.version == 5 ? 11 : 6;
        if (found < 1 || found > last) refuse(at, fmt::format("type {}, expected 1 to {}", found, last));
        return static_cast<NetcdfType>(found);
    }

    template <class ReadEntry>
    void read_list(std::int32_t expected_tag, const char* what, ReadEntry read_entry) {
        const Index at = at_;
        const auto tag = number<std::int32_t>();
        const Index n = count("number of entries", std::min(most_entries, (file_.size() - at_) / 8));
        if (tag != expected_tag && (tag != 0 || n != 0))
            refuse(at, fmt::format("tag {}, expected {} of a list of {}", tag, expected_tag, what));
        for (Index i = 0; i < n; ++i) read_entry();
    }

    void read_attributes(std::vector<NetcdfAttribute>& attributes) {
        read_list(attributes_tag, "attributes", [&] {
            NetcdfAttribute found{.name = text("an attribute"), .type = type(), .text = {}, .value = {}};
            const Index n = count("length of an attribute", file_.size() - at_) * type_bytes(found.type);
            if (n > file_.size() - at_) refuse(at_, fmt::format("an attribute of {} bytes", n));
            if (found.type == NetcdfType::text && n <= longest_name) {
                const auto letters = next(padded(n)).first(usize(n));
                found.text = {reinterpret_cast<const char*>(letters.data()), letters.size()};
                while (found.text.ends_with('\0')) found.text.pop_back();
            } else if (found.type == NetcdfType::float32 && n == 4) {
                found.value = number<float>();
            } else if (found.type == NetcdfType::float64 && n == 8) {
                found.value = number<double>();
            } else {
                if (padded(n) > file_.size() - at_) refuse(at_, "the file ends in an attribute");
                at_ += padded(n);
            }
            attributes.push_back(std::move(found));
        });
    }

    void read_variable() {
        NetcdfVariable variable;
        variable.name = text("a variable");
        const Index n_dimensions = count("number of dimensions", index_of(header_.dimensions.size()) + 16);
        for (Index i = 0; i < n_dimensions; ++i) {
            if (header_.dimensions.empty()) refuse(at_, "a dimension that is not there");
            const Index which = count("number of a dimension", index_of(header_.dimensions.size()) - 1);
            variable.dimensions.push_back(header_.dimensions[usize(which)]);
            if (i > 0 && variable.dimensions.back().length == 0)
                refuse(at_, fmt::format("variable {} has the record dimension in place {}, expected it in front",
                                        variable.name, i));
        }
        read_attributes(variable.attributes);
        variable.type = type();
        if (header_.version == 5)
            next(8);
        else
            next(4);  // its size, which follows from the dimensions, and does not fit when it is large
        const Index at = at_;
        variable.begin = header_.version == 1 ? number<std::uint32_t>() : number<std::int64_t>();
        if (variable.begin < 0) refuse(at, fmt::format("variable {} starts at byte {}", variable.name, variable.begin));
        variable.is_record = n_dimensions > 0 && variable.dimensions.front().length == 0;
        UInt128 n = usize(type_bytes(variable.type));
        for (std::size_t i = variable.is_record ? 1 : 0; i < variable.dimensions.size(); ++i)
            n = std::min<UInt128>(n * usize(variable.dimensions[i].length), usize(most_bytes));
        variable.n_bytes = static_cast<Index>(n);
        header_.variables.push_back(std::move(variable));
    }

    const File& file_;
    NetcdfHeader header_;
    Index at_ = 0;
    Index first_ = 0;  // bytes_ starts there
    Bytes bytes_;
};

}  // namespace

const NetcdfAttribute* NetcdfVariable::attribute(std::string_view wanted) const {
    return find(attributes, wanted);
}
const NetcdfDimension* NetcdfHeader::dimension(std::string_view wanted) const {
    return find(dimensions, wanted);
}
const NetcdfAttribute* NetcdfHeader::attribute(std::string_view wanted) const {
    return find(attributes, wanted);
}
const NetcdfVariable* NetcdfHeader::variable(std::string_view wanted) const {
    return find(variables, wanted);
}

bool is_netcdf(std::span<const std::byte> head) {
    const auto letter = [&](std::size_t i) { return static_cast<char>(head[i]); };
    return head.size() >= 4 && letter(0) == 'C' && letter(1) == 'D' && letter(2) == 'F' &&
           (letter(3) == 1 || letter(3) == 2 || letter(3) == 5);
}

NetcdfHeader read_netcdf_header(const File& file) {
    return HeaderReader(file).read();
}

NetcdfRecords find_netcdf_records(const File& file, const NetcdfHeader& header) {
    NetcdfRecords records{most_bytes, 0};
    Index n_variables = 0, last_bytes = 0;
    for (const auto& variable : header.variables) {
        if (!variable.is_record) continue;
        ++n_variables;
        records.first = std::min(records.first, variable.begin);
        records.n_bytes = std::min(records.n_bytes + padded(variable.n_bytes), most_bytes);
        last_bytes = variable.n_bytes;
    }
    if (n_variables == 1) records.n_bytes = last_bytes;  // alone, it is not padded
    for (const auto& variable : header.variables) {
        if (!variable.is_record) continue;
        if (variable.begin < header.n_bytes || variable.begin - records.first > records.n_bytes - variable.n_bytes)
            throw FormatError(fmt::format(
                "{}: variable {} starts at byte {}, expected it behind the header of {} bytes "
                "and inside records of {} bytes from byte {} on",
                file.path(), variable.name, variable.begin, header.n_bytes, records.n_bytes, records.first));
    }
    return records;
}

}  // namespace mdloom::sources
