// A trajectory made up by a test, with frames that fail when asked to.
#pragma once
#include <algorithm>
#include <map>

#include "mdloom/contracts/source.hpp"

namespace mdloom::laws {

enum class Damage { none, unreadable, wrong_format, not_finite };

class FakeSource final : public Source, public std::enable_shared_from_this<FakeSource> {
public:
    struct Moment {
        std::vector<Vec3> positions;
        double time = 0;
        Box box{};
        Damage damage = Damage::none;
    };
    explicit FakeSource(std::vector<Moment> moments) : moments_(std::move(moments)) {}

    Index n_atoms() const override { return moments_.empty() ? 0 : index_of(moments_.front().positions.size()); }
    Index n_frames() const override { return index_of(moments_.size()); }
    std::string name() const override { return "fake"; }
    Bytes describe() const override { return {}; }
    void require_unchanged() const override {}
    std::shared_ptr<const Source> refresh() const override { return shared_from_this(); }
    std::unique_ptr<Reader> open_reader() const override { return std::make_unique<Cursor>(*this); }

    const std::vector<Moment>& moments() const { return moments_; }

    /// What a run says when it meets the damaged frame.
    static std::string complaint(Index frame, Damage damage, Index first_wanted) {
        switch (damage) {
            case Damage::unreadable:
                return "frame " + std::to_string(frame) + ": bad sector";
            case Damage::wrong_format:
                return "fake, frame " + std::to_string(frame) + ": bad magic number";
            case Damage::not_finite:
                return "frame " + std::to_string(frame) + ": atom " + std::to_string(first_wanted) +
                       " has the coordinate nan: coordinates must be finite and below 4194304 Å; leave the frame out "
                       "or repair the trajectory";
            case Damage::none:
                break;
        }
        return "no error";
    }

private:
    struct Cursor final : Reader {
        explicit Cursor(const FakeSource& source) : source(source) {}
        void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
            const Moment& moment = source.moments_.at(usize(frame_index));
            frame.positions.assign(wanted.size(), Vec3{-1, -1, -1});  // unspecified when it throws
            if (moment.damage == Damage::unreadable) throw std::runtime_error("bad sector");
            if (moment.damage == Damage::wrong_format) throw FormatError(complaint(frame_index, moment.damage, 0));
            frame.index = frame_index;
            frame.time = moment.time;
            frame.box = moment.box;
            frame.stored = {.step = 5 * frame_index, .n_cell = 9, .cell = {}};  // no other frame's
            std::ranges::copy(moment.box, frame.stored.cell.begin());
            for (std::size_t i = 0; i < wanted.size(); ++i) frame.positions[i] = moment.positions[usize(wanted[i])];
            if (moment.damage == Damage::not_finite && !wanted.empty())
                frame.positions[0][1] = std::numeric_limits<float>::quiet_NaN();
        }
        const FakeSource& source;
    };
    std::vector<Moment> moments_;
};

}  // namespace mdloom::laws
