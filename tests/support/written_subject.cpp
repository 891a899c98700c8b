// A trajectory file as a result: no entry of the catalog, but held to the same laws.
#include <deque>

#include "mdloom/writers/written_trajectory.hpp"
#include "support/case.hpp"
#include "support/scratch_folder.hpp"

namespace mdloom::laws {

namespace {

/// A folder for each run that is made. There are thousands of runs, so only the last few of them are kept, in memory
/// where the machine has a file system for that.
std::string new_folder() {
    const std::filesystem::path in_memory = "/dev/shm", usual = std::filesystem::temp_directory_path();
    const sources::Environment place("TMPDIR", std::filesystem::is_directory(in_memory) ? in_memory : usual);
    static std::deque<std::unique_ptr<sources::ScratchFolder>> folders;
    if (folders.size() == 20) folders.pop_front();
    return folders.emplace_back(std::make_unique<sources::ScratchFolder>())->path();
}

std::unique_ptr<Analysis> random_written_trajectory(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    writers::WrittenTrajectorySpec spec;
    spec.group = random_group(dice, given);
    spec.folder = new_folder();
    spec.encoder.n_atoms = index_of(spec.group.size());
    const auto formats = writers::catalog();
    spec.encoder.format = formats[usize(dice.between(0, index_of(formats.size()) - 1))].format;
    return writers::written_trajectory(std::move(spec));
}

}  // namespace

Subject written_subject() {
    return {std::string(writers::written_trajectory_name), random_written_trajectory};
}

}  // namespace mdloom::laws
