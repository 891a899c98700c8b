// One run: several analyses over one selection of frames of one source, in one pass.
#pragma once
#include <memory>

#include "mdloom/contracts/backend.hpp"
#include "mdloom/contracts/source.hpp"
#include "mdloom/engine/ledger.hpp"
#include "mdloom/frame/frame_selection.hpp"

namespace mdloom::engine {

/// Makes an analysis again from its name and spec; the catalog of analyses has one.
using RebuildAnalysis = std::function<std::unique_ptr<Analysis>(const std::string& name, ByteReader& spec)>;

class Run final : public Work {
public:
    /// Prepares the analyses, reading the first selected frame. Throws what a group, a frame or prepare() makes wrong.
    Run(std::shared_ptr<const Source> source, Topology topology, FrameSelection frames,
        std::vector<std::unique_ptr<Analysis>> analyses);

    /// The same run in another process. Without a source, workers are made on the frames that are sent to them.
    Run(std::span<const std::byte> spec, const RebuildAnalysis& rebuild, std::shared_ptr<const Source> source);
    Bytes spec() const;

    /// What the records call the instruction set of this process' kernels.
    void set_simd(std::string simd) { simd_ = std::move(simd); }

    Index n_frames() const { return frames_.size(); }
    const FrameSelection& frames() const { return frames_; }
    const std::vector<Index>& wanted() const { return wanted_; }
    const Source& source() const { return *source_; }

    Part nothing() const;                                  ///< no ordinals, an empty state per analysis
    std::vector<Result> conclude(const Part& part) const;  ///< one per analysis, in their order
    std::vector<Result> conclude_last(Part& part) const;   ///< the same; its states are used up

    std::unique_ptr<Worker> make_worker() const override { return make_worker_on(source_); }
    std::unique_ptr<Worker> make_worker_on(std::shared_ptr<const Source> source) const;

    Bytes knowledge(const Part& part) const;      ///< ordinals and states, canonical: what law 2 compares
    Bytes pack(const Part& part) const override;  ///< the same with its records
    Part unpack(std::span<const std::byte> bytes) const override;

private:
    friend class PassWorker;
    void settle_groups();

    std::shared_ptr<const Source> source_;
    FrameSelection frames_;
    std::vector<std::unique_ptr<Analysis>> analyses_;
    std::vector<Index> wanted_;  ///< union of all groups, ascending, unique
    std::string simd_;
    std::vector<std::vector<Group>> groups_;  ///< per analysis: its groups, as places in `wanted`
};

}  // namespace mdloom::engine
