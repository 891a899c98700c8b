// One frame through all analyses: what a worker of a run does, on any backend.
#pragma once
#include "mdloom/engine/run.hpp"

namespace mdloom::engine {

/// Reads the frame of `ordinal` and checks that its coordinates are finite and below 2^22 Å, beyond which they would
/// not fit the grid of exact sums. Throws FrameError.
void read_checked(Reader& reader, const FrameSelection& frames, Index ordinal, const std::vector<Index>& wanted,
                  Frame& frame);

/// Works through chunks of one run with a reader and scratch of its own. The run must outlive it.
class PassWorker final : public Worker {
public:
    PassWorker(const Run& run, std::shared_ptr<const Source> source);
    Part work(Chunk chunk) override;

private:
    void expect(Chunk chunk);
    void pass(Index ordinal, Part& part, WorkRecord& record);
    void finish(Chunk chunk, Part& part);
    void renew_scratches();

    const Run& run_;
    std::shared_ptr<const Source> source_;
    double open_seconds_ = 0;
    std::unique_ptr<Reader> reader_;
    std::vector<std::unique_ptr<Scratch>> scratches_;
    Frame frame_;
};

}  // namespace mdloom::engine
