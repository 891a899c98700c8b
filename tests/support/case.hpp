// A random system with random frames asked for, and everything that runs on it: what the laws are tried on.
#pragma once
#include <functional>

#include "mdloom/engine/run.hpp"
#include "support/dice.hpp"
#include "support/fake_source.hpp"

namespace mdloom::laws {

struct Case {
    std::vector<FakeSource::Moment> moments;
    Topology topology;
    std::vector<Index> frames;  ///< asked for, in any order, with repeats

    static Case random(Dice& dice);
    Index n_frames() const { return index_of(frames.size()); }
};

/// Atoms in any order, with repeats.
Group random_group(Dice& dice, const Case& given, Index least = 1);

/// Something that is analysed: makes the same instance again from the same seed.
struct Subject {
    std::string name;
    std::function<std::unique_ptr<Analysis>(std::uint64_t seed, const Case& given)> make;
};
std::vector<Subject> toys();
std::vector<Subject> catalog_subjects();
Subject written_subject();
std::vector<Subject> all_subjects();

/// What the catalog lists but no law can try, because nobody wrote how to make a random one.
std::vector<std::string> untested_analyses();

engine::RebuildAnalysis rebuild_any();

/// A run of several subjects on the first n_frames of what the case asks for.
engine::Run make_run(const Case& given, const std::vector<Subject>& subjects, std::uint64_t seed,
                     Index n_frames = INT64_MAX);

struct NamedBackend {
    std::string name;
    std::unique_ptr<Backend> backend;
};
/// All of backends/catalog.hpp, and the bad days.
std::vector<NamedBackend> all_backends(Dice& dice);

/// Drives a run to its end and gives all it knows. Throws what close() throws.
Part gather(const engine::Run& run, Backend& backend, Part start, const engine::Watch& watch = {});
Part gather(const engine::Run& run, Backend& backend);

Part work_in_one_go(const engine::Run& run);
Part sum(Part a, Part b);
Bytes bytes_of(const State& state);

}  // namespace mdloom::laws
