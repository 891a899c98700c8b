#include "mdloom/writers/formats/xtc_encoder.hpp"

#include <cmath>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/formats/xtc_format.hpp"
#include "mdloom/writers/formats/encoding.hpp"
#include "mdloom/writers/formats/xtc_encode.hpp"

namespace mdloom::writers {
namespace {

constexpr Index most_atoms_of_1995 = 298'261'617;
constexpr int most_decimals = 9;

template <class T>
void append_big(Bytes& out, T value) {
    using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const Word word = sources::swap_bytes(std::bit_cast<Word>(value));
    std::memcpy(grown(out, sizeof word), &word, sizeof word);
}

class XtcEncoder : public FrameEncoder {
public:
    XtcEncoder(const EncoderSpec& spec, bool has_long_length)
        : n_atoms_(spec.n_atoms), decimals_(spec.decimals), has_long_length_(has_long_length) {
        if (n_atoms_ < 1 || n_atoms_ > INT32_MAX)
            throw ArgumentError(fmt::format("XTC holds 1 to {} atoms, not {}", INT32_MAX, n_atoms_));
        if (decimals_ < 0 || decimals_ > most_decimals)
            throw ArgumentError(fmt::format("a precision of {} decimals: XTC takes 0 to {}", decimals_, most_decimals));
        for (int i = 0; i < decimals_; ++i) precision_ *= 10;
    }

    Bytes start(Index) const override { return {}; }

    void append(const EncodedFrame& frame, Bytes& out) const override {
        require_n_atoms(frame, n_atoms_);
        const auto step = int32_of(frame.step, "a step");
        const bool is_raw = n_atoms_ <= sources::most_raw_atoms;
        XtcSurvey survey;
        if (is_raw)
            require_finite(frame);
        else
            require_room(frame, survey = survey_xtc(frame.positions, precision_));
        append_head(frame, step, out);
        if (is_raw)
            for (const Vec3& position : frame.positions)
                for (float value : position) append_big(out, value * nm_in_angstrom);
        else
            append_compressed(frame, survey, out);
    }

private:
    void append_head(const EncodedFrame& frame, std::int32_t step, Bytes& out) const {
        const auto n_atoms = static_cast<std::int32_t>(n_atoms_);
        append_big(out, has_long_length_ ? sources::xtc_magic_2023 : sources::xtc_magic_1995);
        append_big(out, n_atoms);
        append_big(out, step);
        append_big(out, static_cast<float>(frame.time));
        for (float value : frame.box) append_big(out, value * nm_in_angstrom);
        append_big(out, n_atoms);
    }
    void append_compressed(const EncodedFrame& frame, const XtcSurvey& survey, Bytes& out) const {
        append_big(out, precision_);
        for (std::int32_t value : survey.lowest) append_big(out, value);
        for (std::int32_t value : survey.highest) append_big(out, value);
        append_big(out, survey.small_index);
        const std::size_t length_bytes = has_long_length_ ? 8 : 4, at = out.size();
        grown(out, length_bytes);
        const auto n = static_cast<std::uint64_t>(append_xtc_stream(frame.positions, precision_, survey, out));
        const std::uint64_t length = sources::swap_bytes(n << (has_long_length_ ? 0 : 32));
        std::memcpy(out.data() + at, &length, length_bytes);
        grown(out, -n % 4);  // zeros
    }

    void require_finite(const EncodedFrame& frame) const {
        for (const Vec3& position : frame.positions)
            for (float value : position)
                if (!std::isfinite(value)) refuse_atom(frame, &position - frame.positions.data());
    }
    void require_room(const EncodedFrame& frame, const XtcSurvey& survey) const {
        if (survey.misfit >= 0) refuse_atom(frame, survey.misfit);
        for (std::size_t d = 0; d < 3; ++d) {
            const Index steps = Index{survey.highest[d]} - survey.lowest[d];
            if (steps >= INT32_MAX)
                refuse(fmt::format("the atoms are spread over {:g} Å along {}",
                                   static_cast<double>(steps) * 10 / precision_, "xyz"[d]));
        }
    }
    [[noreturn]] void refuse_atom(const EncodedFrame& frame, Index atom) const {
        const Vec3& at = frame.positions[usize(atom)];
        refuse(fmt::format("atom {} is at ({:g}, {:g}, {:g}) Å", atom, at[0], at[1], at[2]));
    }
    [[noreturn]] void refuse(const std::string& what) const {
        throw ArgumentError(
            fmt::format("{}, but with {} decimals XTC holds finite numbers below {:g} Å: lower the precision, "
                        "or write DCD",
                        what, decimals_, 10 * 0x1p31 / precision_));
    }

    Index n_atoms_;
    int decimals_;
    bool has_long_length_;
    float precision_ = 1;
};

}  // namespace

std::unique_ptr<FrameEncoder> make_xtc_encoder(const EncoderSpec& spec) {
    return make_xtc_encoder(spec, spec.n_atoms > most_atoms_of_1995);
}

std::unique_ptr<FrameEncoder> make_xtc_encoder(const EncoderSpec& spec, bool has_long_length) {
    return std::make_unique<XtcEncoder>(spec, has_long_length);
}

}  // namespace mdloom::writers
