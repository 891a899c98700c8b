// Decoding XTC, swapping and spreading the numbers of TRR and DCD: frames of 31,944 atoms, all of them, read from
// files that the system keeps in memory (DCD and TRR: 38 MB) into a frame that stays in the cache.
#include "data.hpp"
#include "mdloom/sources/catalog.hpp"
#include "measured.hpp"
#include "support/scratch_folder.hpp"
#include "support/trr_writer.hpp"

namespace mdloom::bench {
namespace {

constexpr Index waters = 22, n_atoms = 3 * waters * waters * waters, n_frames = 100;

struct OpenFile {
    std::shared_ptr<const Source> source;
    std::shared_ptr<Reader> reader;
    std::vector<Index> wanted;
    Frame frame;
    Index next = 0;

    OpenFile(const std::string& path, Simd level) {
        const sources::Environment forced("MDLOOM_SIMD", std::string(name(level))), no_index("MDLOOM_INDEX", "off");
        source = sources::open(std::vector{path}, {});
        reader = source->open_reader();
        for (Index i = 0; i < n_atoms; ++i) wanted.push_back(i);
    }
    void read() {
        reader->read(next, wanted, frame);
        next = (next + 1) % source->n_frames();
    }
};

void add_file(const std::string& what, const std::string& path, std::size_t n_bytes) {
    const Work work{.n_items = n_atoms, .bytes = static_cast<double>(n_bytes) / n_frames, .in_memory = true};
    for (Simd level : levels_here())
        add(what, level, work, [file = std::make_shared<OpenFile>(path, level)] { file->read(); });
}

}  // namespace

void add_readers() {
    static const sources::ScratchFolder folder;
    for (const std::string format : {"xtc", "dcd"}) {
        const Bytes bytes = models::water_file(format, waters, n_frames);
        add_file("read/" + format, folder.write("water." + format, bytes), bytes.size());
    }
    const Bytes bytes = sources::trr_file(sources::random_trr_frames(n_frames, n_atoms));
    add_file("read/trr", folder.write("random.trr", bytes), bytes.size());
}

}  // namespace mdloom::bench
