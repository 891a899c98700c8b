#include "mdloom/laws/run_laws.hpp"

#include <random>

namespace mdloom::laws {

namespace {

using Dice = std::mt19937_64;

Index between(Dice& dice, Index first, Index last) {
    return std::uniform_int_distribution<Index>(first, last)(dice);
}

std::vector<Chunk> random_cut(Index n_frames, Dice& dice) {
    std::vector<Chunk> chunks;
    const Index longest = between(dice, 1, std::max<Index>(1, n_frames));
    for (Index at = 0; at < n_frames;) {
        const Index stop = std::min(n_frames, at + between(dice, 1, longest));
        chunks.push_back({at, stop});
        at = stop;
    }
    std::ranges::shuffle(chunks, dice);
    return chunks;
}

}  // namespace

std::string broken_split_law(const engine::Run& run, int n_cuts, std::uint64_t seed) {
    Dice dice(seed);
    const Bytes whole = run.knowledge(run.make_worker()->work({0, run.n_frames()}));
    const auto first = run.make_worker(), second = run.make_worker();
    for (int cut = 0; cut < n_cuts; ++cut) {
        std::vector<Part> parts;
        parts.push_back(run.nothing());
        for (Chunk chunk : random_cut(run.n_frames(), dice)) {
            Part part = (between(dice, 0, 1) == 0 ? first : second)->work(chunk);
            parts.push_back(run.unpack(run.pack(part)));
        }
        const std::size_t n_parts = parts.size();
        while (parts.size() > 1) {  // any two meet, either way round
            std::ranges::shuffle(parts, dice);
            Part last = std::move(parts.back());
            parts.pop_back();
            parts.back().merge(std::move(last));
        }
        if (run.knowledge(parts.front()) != whole)
            return "cut " + std::to_string(cut) + " of seed " + std::to_string(seed) + ", into " +
                   std::to_string(n_parts - 1) + " chunks, gives other bytes than the whole";
    }
    return {};
}

Bytes knowledge_from(const engine::Run& run, Backend& backend) {
    engine::RunLedger ledger(run.n_frames(), run.nothing(), {});
    backend.drive(ledger, run);
    ledger.close();
    Bytes bytes;
    ledger.visit([&](const Part& part) { bytes = run.knowledge(part); });
    return bytes;
}

}  // namespace mdloom::laws
