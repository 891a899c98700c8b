#include "support/dcd_writer.hpp"

#include <algorithm>
#include <string_view>

namespace mdloom::sources {
namespace {

class RecordWriter {
public:
    explicit RecordWriter(const DcdFile& file) : file_(file) {}

    template <class T>
    void number(T value) {
        auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
        if (file_.order != std::endian::native) std::ranges::reverse(bytes);
        for (std::byte b : bytes) record_.push_back(b);
    }
    void text(std::string_view letters) {
        for (char c : letters) record_.push_back(std::byte(c));
    }
    void end_record(Index claimed = -1) {
        Bytes content = std::move(record_);
        const Index n = claimed < 0 ? index_of(content.size()) : claimed;
        record_.clear();
        marker(n);
        record_.insert(record_.end(), content.begin(), content.end());
        marker(n);
        out.insert(out.end(), record_.begin(), record_.end());
        record_.clear();
    }
    Bytes out;

private:
    void marker(Index n) { file_.marker_bytes == 8 ? number(n) : number(static_cast<std::int32_t>(n)); }

    const DcdFile& file_;
    Bytes record_;
};

void write_header(RecordWriter& to, const DcdFile& file) {
    to.text(file.letters);
    for (int i = 0; i < 20; ++i) {
        std::int32_t value = 0;
        if (i == 0) value = file.n_promised < 0 ? static_cast<std::int32_t>(file.frames.size()) : file.n_promised;
        if (i == 1) value = file.first_step;
        if (i == 2) value = file.interval;
        if (i == 8 && !file.free_atoms.empty())
            value = static_cast<std::int32_t>(file.frames[0].size() - file.free_atoms.size());
        if (i == 10) value = !file.cells.empty();
        if (i == 11) value = file.has_4th;
        if (i == 19) value = file.is_charmm ? 24 : 0;
        if (i == 9 && file.is_charmm)
            to.number(static_cast<float>(file.delta));
        else if (i == 9)
            to.number(file.delta), ++i;
        else
            to.number(value);
    }
    to.end_record();
    to.number(static_cast<std::int32_t>(file.n_title_lines));
    for (int i = 0; i < file.n_title_lines; ++i) to.text(std::string(80, 'x'));
    to.end_record(4 + 80 * file.n_claimed_title_lines);
    to.number(static_cast<std::int32_t>(file.frames[0].size()));
    to.end_record();
    if (file.free_atoms.empty()) return;
    for (std::int32_t atom : file.free_atoms) to.number(atom);
    to.end_record();
}

}  // namespace

Bytes dcd_bytes(const DcdFile& file) {
    RecordWriter to(file);
    write_header(to, file);
    for (std::size_t k = 0; k < file.frames.size(); ++k) {
        const auto& positions = file.frames[k];
        if (!file.cells.empty()) {
            for (double value : file.cells[k]) to.number(value);
            to.end_record();
        }
        for (std::size_t d = 0; d < (file.has_4th ? 4u : 3u); ++d) {
            const auto value = [&](std::size_t atom) { return d < 3 ? positions[atom][d] : -1.0f; };
            if (k > 0 && !file.free_atoms.empty())
                for (std::int32_t atom : file.free_atoms) to.number(value(static_cast<std::size_t>(atom - 1)));
            else
                for (std::size_t atom = 0; atom < positions.size(); ++atom) to.number(value(atom));
            to.end_record();
        }
    }
    return std::move(to.out);
}

std::vector<std::vector<Vec3>> counted_frames(Index n_frames, Index n_atoms) {
    std::vector<std::vector<Vec3>> frames(usize(n_frames), std::vector<Vec3>(usize(n_atoms)));
    float value = -17;
    for (auto& frame : frames)
        for (auto& position : frame)
            for (float& component : position) component = value += 0.375f;
    return frames;
}

}  // namespace mdloom::sources
