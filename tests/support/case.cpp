#include "support/case.hpp"

#include "mdloom/backends/catalog.hpp"
#include "support/chaos.hpp"
#include "support/toys.hpp"

namespace mdloom::laws {

Case Case::random(Dice& dice) {
    Case made;
    const Index n_atoms = dice.between(5, 20), n_moments = dice.between(1, 60);
    for (Index i = 0; i < n_moments; ++i) {
        FakeSource::Moment moment;
        moment.time = 0.5 * static_cast<double>(i);
        moment.positions.resize(usize(n_atoms));
        for (Vec3& position : moment.positions)
            for (float& x : position) x = dice.normal(40.f, 15.f);
        for (std::size_t k : {0u, 4u, 8u}) moment.box[k] = 80.f + dice.normal(0.f, 1.f);
        made.moments.push_back(std::move(moment));
    }
    made.topology.n_atoms = n_atoms;
    for (Index i = 0; i < n_atoms; ++i) made.topology.masses.push_back(static_cast<double>(dice.between(1, 32)));
    const Index n_frames = dice.chance(0.1) ? dice.between(0, 3) : dice.between(0, 150);
    for (Index i = 0; i < n_frames; ++i) made.frames.push_back(dice.between(0, n_moments - 1));
    return made;
}

Group random_group(Dice& dice, const Case& given, Index least) {
    Group group;
    for (Index n = dice.between(least, least + 7); n > 0; --n)
        group.push_back(dice.between(0, given.topology.n_atoms - 1));
    return group;
}

std::vector<Subject> toys() {
    return {
        {"toy_total",
         [](std::uint64_t seed, const Case& given) {
             Dice dice(seed);
             return analyses::make_analysis(Total{random_group(dice, given)});
         }},
        {"toy_fluctuation",
         [](std::uint64_t seed, const Case& given) {
             Dice dice(seed);
             return analyses::make_analysis(Fluctuation{random_group(dice, given)});
         }},
        {"toy_distances",
         [](std::uint64_t seed, const Case& given) {
             Dice dice(seed);
             Group first = random_group(dice, given);
             return analyses::make_analysis(
                 Distances{std::move(first), random_group(dice, given), dice.between(1, 30)});
         }},
        {"toy_wanderers",
         [](std::uint64_t seed, const Case& given) {
             Dice dice(seed);
             return analyses::make_analysis(Wanderers{random_group(dice, given), double{dice.normal(30.f, 10.f)}});
         }},
    };
}

std::vector<Subject> all_subjects() {
    auto subjects = toys();
    for (Subject& subject : catalog_subjects()) subjects.push_back(std::move(subject));
    subjects.push_back(written_subject());
    return subjects;
}

engine::Run make_run(const Case& given, const std::vector<Subject>& subjects, std::uint64_t seed, Index n_frames) {
    std::vector<std::unique_ptr<Analysis>> analyses;
    for (const Subject& subject : subjects) analyses.push_back(subject.make(seed, given));
    const auto stop = given.frames.begin() + std::min(n_frames, given.n_frames());
    return {std::make_shared<FakeSource>(given.moments), given.topology,
            FrameSelection(std::vector<Index>(given.frames.begin(), stop)), std::move(analyses)};
}

std::vector<NamedBackend> all_backends(Dice& dice) {
    std::vector<NamedBackend> backends;
    for (const auto& listed : mdloom::backends::catalog())
        for (int n : {1, 2, 3, 5})
            backends.push_back({std::string(listed.name) + ' ' + std::to_string(n), listed.make(n)});
    for (int i = 0; i < 2; ++i) backends.push_back({"chaos", chaos(dice.seed())});
    backends.push_back({"threaded chaos", threaded_chaos(dice.seed())});
    return backends;
}

Part gather(const engine::Run& run, Backend& backend, Part start, const engine::Watch& watch) {
    engine::RunLedger ledger(run.n_frames(), std::move(start), watch);
    backend.drive(ledger, run);
    ledger.close();
    Part all;
    ledger.visit([&](const Part& part) { all = run.unpack(run.pack(part)); });
    return all;
}

Part gather(const engine::Run& run, Backend& backend) {
    return gather(run, backend, run.nothing());
}

Part work_in_one_go(const engine::Run& run) {
    return run.make_worker()->work({0, run.n_frames()});
}

Part sum(Part a, Part b) {
    a.merge(std::move(b));
    return a;
}

Bytes bytes_of(const State& state) {
    ByteWriter writer;
    state.write(writer);
    return writer.take();
}

}  // namespace mdloom::laws
