// What every source promises: a frame is the same however, whenever and wherever it is read.
#include <gmock/gmock.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "mdloom/sources/catalog.hpp"
#include "mdloom/transforms/catalog.hpp"
#include "mdloom/transforms/transformed_source.hpp"
#include "support/case.hpp"
#include "support/dcd_writer.hpp"
#include "support/netcdf_writer.hpp"
#include "support/random_transforms.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"
#include "support/trr_writer.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::laws {
namespace {

using sources::ScratchFolder;
using SourcePtr = std::shared_ptr<const Source>;

constexpr int n_cases = 40;

/// A random source of one kind; files go to the folder.
struct SourceKind {
    std::string name;
    std::function<SourcePtr(Dice& dice, const ScratchFolder& folder)> make;
    friend void PrintTo(const SourceKind& kind, std::ostream* out) { *out << kind.name; }
};

SourcePtr random_fake(Dice& dice, const ScratchFolder&) {
    return std::make_shared<FakeSource>(Case::random(dice).moments);
}

/// An array with gaps, running backwards in one direction.
SourcePtr random_memory(Dice& dice, const ScratchFolder&) {
    const Index n_frames = dice.between(1, 12), n_atoms = dice.between(1, 20);
    const auto owner = std::make_shared<std::vector<float>>(usize(n_frames * n_atoms * 2 * 4));
    for (float& x : *owner) x = dice.normal(0.f, 50.f);
    sources::MemoryArray array{owner->data(), n_frames, n_atoms, {n_atoms * 2 * 16, 2 * 16, 4}, owner, {}, {}};
    if (dice.chance(0.5)) {
        array.first = owner->data() + (n_frames - 1) * n_atoms * 2 * 4;
        array.strides[0] = -array.strides[0];
    }
    for (Index k = 0; k < n_frames; ++k) array.times.push_back(0.1 * static_cast<double>(k));
    if (dice.chance(0.5)) array.boxes.assign(usize(n_frames), Box{30, 0, 0, 1, 31, 0, 2, 3, 32});
    return sources::memory(std::move(array));
}

std::string write_xtc(Dice& dice, const ScratchFolder& folder, const std::string& name, Index n_atoms) {
    const auto seed = static_cast<std::uint32_t>(dice.between(0, 1'000'000));
    return folder.write(name, sources::xtc_file(sources::random_frames(dice.between(1, 8), n_atoms, seed)));
}

std::string write_dcd(Dice& dice, const ScratchFolder& folder, const std::string& name, Index n_atoms) {
    sources::DcdFile file{.frames = sources::counted_frames(dice.between(1, 8), n_atoms)};
    for (auto& frame : file.frames)
        for (Vec3& position : frame)
            for (float& x : position) x += dice.normal(0.f, 1.f);
    if (dice.chance(0.5)) file.cells.assign(file.frames.size(), {30, 90, 31, 90, 90, 32});
    if (dice.chance(0.5)) file.order = std::endian::big;
    return folder.write(name, sources::dcd_bytes(file));
}

std::string write_trr(Dice& dice, const ScratchFolder& folder, const std::string& name, Index n_atoms) {
    const auto seed = static_cast<std::uint32_t>(dice.between(0, 1'000'000));
    auto frames = sources::random_trr_frames(dice.between(1, 8), n_atoms, dice.chance(0.3), seed);
    for (auto& frame : frames) {
        frame.has_velocities = dice.chance(0.3), frame.has_forces = dice.chance(0.3);
        frame.has_virial = frame.has_pressure = dice.chance(0.1);
        if (dice.chance(0.2)) frame.box.reset();
    }
    return folder.write(name, sources::trr_file(frames));
}

std::string write_netcdf(Dice& dice, const ScratchFolder& folder, const std::string& name, Index n_atoms) {
    const auto seed = static_cast<std::uint32_t>(dice.between(0, 1'000'000));
    auto file = sources::random_netcdf(dice.between(1, 8), n_atoms, seed);
    file.version = dice.chance(0.5) ? 2 : dice.chance(0.5) ? 1 : 5;
    file.is_double = dice.chance(0.3), file.has_time = dice.chance(0.8), file.has_velocities = dice.chance(0.3);
    file.has_letters = dice.chance(0.3), file.frames_are_records = dice.chance(0.8);
    if (dice.chance(0.3)) file.scale = 0.1;
    if (dice.chance(0.3)) file.cells.clear();
    return folder.write(name, sources::netcdf_bytes(file));
}

using WriteFile = std::string (*)(Dice&, const ScratchFolder&, const std::string&, Index);

/// How to write a random file of each format of the catalog. A new format needs a line here: a test says so.
const std::map<std::string_view, WriteFile> file_writers{
    {"DCD", write_dcd}, {"NCDF", write_netcdf}, {"TRR", write_trr}, {"XTC", write_xtc}};

std::string random_file(const sources::Info& format, Dice& dice, const ScratchFolder& folder, const std::string& stem,
                        Index n_atoms) {
    return file_writers.at(format.name)(dice, folder, stem + std::string(format.endings.front()), n_atoms);
}

SourcePtr random_chain_of_files(Dice& dice, const ScratchFolder& folder) {
    std::vector<std::string> paths;
    const Index n_atoms = dice.between(12, 60);
    for (Index i = 0, n = dice.between(2, 4); i < n; ++i) {
        const auto& formats = sources::formats();
        const auto& format = formats[usize(dice.between(0, index_of(formats.size()) - 1))];
        paths.push_back(random_file(format, dice, folder, "part" + std::to_string(i), n_atoms));
    }
    return sources::open(paths, {});
}

SourcePtr random_mixed_chain(Dice& dice, const ScratchFolder&) {
    Case given = Case::random(dice);
    std::vector<SourcePtr> parts;
    for (Index n = dice.between(1, 4); n > 0; --n) parts.push_back(std::make_shared<FakeSource>(given.moments));
    return sources::chain(std::move(parts));
}

SourcePtr random_transformed(Dice& dice, const ScratchFolder& folder) {
    const auto source = dice.chance(0.5) ? random_chain_of_files(dice, folder) : random_memory(dice, folder);
    return transforms::transformed(source, random_transforms(dice, source->n_atoms()));
}

SourcePtr open_again(std::span<const std::byte> description) {
    const auto open = [](std::span<const std::byte> inside) { return sources::open(inside, {}); };
    const auto source = transforms::open_transformed(description, open);
    return source ? source : open(description);
}

std::vector<SourceKind> all_kinds() {
    std::vector<SourceKind> kinds{{"fake", random_fake},
                                  {"memory", random_memory},
                                  {"chain", random_mixed_chain},
                                  {"chain_of_files", random_chain_of_files},
                                  {"transformed", random_transformed}};
    for (const sources::Info& format : sources::formats())
        if (file_writers.contains(format.name))
            kinds.push_back({std::string(format.name), [&format](Dice& dice, const ScratchFolder& folder) {
                                 const auto path = random_file(format, dice, folder, "traj", dice.between(1, 60));
                                 return sources::open({path}, {});
                             }});
    return kinds;
}

TEST(catalog, every_listed_format_is_tried_by_the_laws) {
    for (const sources::Info& format : sources::formats())
        EXPECT_TRUE(file_writers.contains(format.name)) << format.name << " has no writer in tests/laws";
}

TEST(catalog, every_listed_transform_is_tried_by_the_laws_and_names_are_sorted) {
    std::vector<std::string_view> names;
    for (const transforms::Info& info : transforms::catalog()) {
        names.push_back(info.name);
        ASSERT_TRUE(transform_makers().contains(info.name)) << info.name << " has no maker in tests/support";
        Dice dice(7);
        EXPECT_EQ(transform_makers().at(info.name)(dice, 5)->name(), info.name);
    }
    EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(transformed_source, damaged_descriptions_are_refused) {
    for_cases(n_cases, [](Dice& dice) {
        const ScratchFolder folder;
        const auto inside = random_chain_of_files(dice, folder);
        const auto source = transforms::transformed(inside, random_transforms(dice, inside->n_atoms()));
        Bytes description = source->describe();
        const auto cut = std::span(description).first(usize(dice.between(20, index_of(description.size()) - 1)));
        EXPECT_THROW(open_again(cut), StateError);
        description.push_back({});
        EXPECT_THROW(open_again(description), StateError);
    });
}

std::vector<Index> random_atoms(Dice& dice, Index n_atoms) {
    std::vector<Index> wanted;
    const double p = dice.chance(0.5) ? 0.2 : 0.8;
    for (Index atom = 0; atom < n_atoms; ++atom)
        if (dice.chance(p)) wanted.push_back(atom);
    return wanted;
}

Frame dirty_frame(Dice& dice) {
    Frame frame{dice.between(0, 9), dice.between(0, 9), -1, {}, {}, {-3, 6, {}}};
    frame.box.fill(-7);
    frame.stored.cell.fill(-5);
    frame.positions.assign(usize(dice.between(0, 100)), Vec3{9, 9, 9});
    return frame;
}

class SourceLaws : public testing::TestWithParam<SourceKind> {};

TEST_P(SourceLaws, source_law_a_frame_is_the_same_read_first_last_twice_partly_or_by_another_reader) {
    for_cases(n_cases, [](Dice& dice) {
        const ScratchFolder folder;
        const SourcePtr source = GetParam().make(dice, folder);
        ASSERT_GT(source->n_frames(), 0);
        ASSERT_GT(source->n_atoms(), 0);
        sources::expect_source_law(*source);
        const auto frames = sources::read_all(*source);
        const auto reader = source->open_reader(), other = source->open_reader();
        for (int i = 0; i < 60; ++i) {
            const Index k = dice.between(0, source->n_frames() - 1);
            const auto wanted = random_atoms(dice, source->n_atoms());
            Frame frame = dirty_frame(dice);
            (dice.chance(0.5) ? reader : other)->read(k, wanted, frame);
            ASSERT_TRUE(sources::same_bits(frames[usize(k)], wanted, frame)) << "frame " << k;
        }
    });
}

TEST_P(SourceLaws, source_law_readers_in_several_threads_do_not_meet) {
    for_cases(10, [](Dice& dice) {
        const ScratchFolder folder;
        const SourcePtr source = GetParam().make(dice, folder);
        const auto frames = sources::read_all(*source);
        std::atomic<int> n_different = 0;
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 3; ++i)
                threads.emplace_back([&, own = Dice(dice.seed())]() mutable {
                    const auto reader = source->open_reader();
                    Frame frame;
                    for (int n = 0; n < 50; ++n) {
                        const Index k = own.between(0, source->n_frames() - 1);
                        const auto wanted = random_atoms(own, source->n_atoms());
                        reader->read(k, wanted, frame);
                        if (!sources::same_bits(frames[usize(k)], wanted, frame)) ++n_different;
                    }
                });
        }
        EXPECT_EQ(n_different, 0);
    });
}

TEST_P(SourceLaws, source_law_reopened_or_refreshed_it_has_the_same_frames) {
    for_cases(n_cases, [](Dice& dice) {
        const ScratchFolder folder;
        const SourcePtr source = GetParam().make(dice, folder);
        const auto frames = sources::read_all(*source);
        const Bytes description = source->describe();
        const SourcePtr reopened = description.empty() ? source : open_again(description);
        source->require_unchanged();
        for (const SourcePtr& other : {source->refresh(), reopened}) {
            ASSERT_EQ(other->n_frames(), source->n_frames());
            ASSERT_EQ(other->n_atoms(), source->n_atoms());
            EXPECT_EQ(other->name(), source->name());
            const auto again = sources::read_all(*other);
            const auto everything = sources::atoms(0, source->n_atoms());
            for (std::size_t k = 0; k < frames.size(); ++k)
                ASSERT_TRUE(sources::same_bits(frames[k], everything, again[k])) << "frame " << k;
        }
    });
}

TEST_P(SourceLaws, source_law_sent_frames_are_the_frames_sent) {
    for_cases(n_cases, [](Dice& dice) {
        const ScratchFolder folder;
        const SourcePtr source = GetParam().make(dice, folder);
        const auto wanted = random_atoms(dice, source->n_atoms());
        std::vector<Index> indices;
        for (Index n = dice.between(1, 10); n > 0; --n) indices.push_back(dice.between(0, source->n_frames() - 1));
        const auto reader = source->open_reader();
        const Bytes packed = sources::pack_frames(*source, *reader, indices, wanted);
        const SourcePtr sent = sources::sent_frames(packed);
        EXPECT_EQ(sent->n_frames(), source->n_frames());
        EXPECT_EQ(sent->n_atoms(), source->n_atoms());
        EXPECT_TRUE(sent->describe().empty());
        const auto frames = sources::read_all(*source);
        const auto first = sent->open_reader(), second = sent->open_reader();
        for (int i = 0; i < 30; ++i) {
            const Index k = indices[usize(dice.between(0, index_of(indices.size()) - 1))];
            Frame frame = dirty_frame(dice);
            (dice.chance(0.5) ? first : second)->read(k, wanted, frame);
            ASSERT_TRUE(sources::same_bits(frames[usize(k)], wanted, frame)) << "frame " << k;
        }
        const auto cut = std::span(packed).first(usize(dice.between(0, index_of(packed.size()) - 1)));
        EXPECT_THROW(sources::sent_frames(cut), StateError);
    });
}

/// What running this analysis alone says: nothing, but where it refuses coordinates that files may hold.
std::string refusal_of(const SourcePtr& source, const Case& given, const Subject& subject, std::uint64_t seed) {
    std::vector<std::unique_ptr<Analysis>> alone;
    alone.push_back(subject.make(seed, given));
    try {
        work_in_one_go(engine::Run(source, given.topology, FrameSelection(given.frames), std::move(alone)));
    } catch (const FrameError& error) {
        return error.what();
    }
    return "";
}

/// Only covariances have limits of their own: they may refuse, but then they refuse the reopened source alike.
bool may_join(const SourcePtr& source, const Case& given, const Subject& subject, std::uint64_t seed) {
    if (subject.name != "covariance") return true;
    const std::string refusal = refusal_of(source, given, subject, seed);
    if (const Bytes description = source->describe(); !refusal.empty() && !description.empty()) {
        EXPECT_EQ(refusal_of(open_again(description), given, subject, seed), refusal);
        EXPECT_NE(refusal.find("2^14"), std::string::npos) << refusal;
    }
    return refusal.empty();
}

TEST_P(SourceLaws, a_run_gives_the_same_bits_on_the_source_on_a_reopened_one_and_on_sent_frames) {
    for_cases(n_cases, [](Dice& dice) {
        const ScratchFolder folder;
        const SourcePtr source = GetParam().make(dice, folder);
        Case given;  // what the makers of analyses look at
        given.topology.n_atoms = source->n_atoms();
        given.topology.masses.assign(usize(source->n_atoms()), 12.);
        for (Index n = dice.between(1, 40); n > 0; --n) given.frames.push_back(dice.between(0, source->n_frames() - 1));
        std::vector<std::unique_ptr<Analysis>> analyses;
        const std::uint64_t seed = dice.seed();
        for (const Subject& subject : all_subjects())
            if (may_join(source, given, subject, seed)) analyses.push_back(subject.make(seed, given));
        const engine::Run run(source, given.topology, FrameSelection(given.frames), std::move(analyses));
        const Bytes expected = run.knowledge(work_in_one_go(run));
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            ASSERT_EQ(run.knowledge(gather(run, *backend)), expected);
        }
        if (const Bytes description = source->describe(); !description.empty()) {
            const engine::Run there(run.spec(), rebuild_any(), open_again(description));
            EXPECT_EQ(there.knowledge(work_in_one_go(there)), expected);
        }
        const engine::Run elsewhere(run.spec(), rebuild_any(), nullptr);
        const auto reader = source->open_reader();
        Part all = elsewhere.nothing();
        for (Index first = 0; first < run.n_frames();) {
            const Chunk chunk{first, std::min(run.n_frames(), first + dice.between(1, 9))};
            std::vector<Index> indices(given.frames.begin() + chunk.first, given.frames.begin() + chunk.stop);
            const Bytes packed = sources::pack_frames(*source, *reader, indices, run.wanted());
            all.merge(elsewhere.make_worker_on(sources::sent_frames(packed))->work(chunk));
            first = chunk.stop;
        }
        EXPECT_EQ(elsewhere.knowledge(all), expected);
    });
}

INSTANTIATE_TEST_SUITE_P(all, SourceLaws, testing::ValuesIn(all_kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace mdloom::laws
