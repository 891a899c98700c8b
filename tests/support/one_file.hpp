// Tests of one format: files of given bytes, opened and read.
#pragma once
#include <gtest/gtest.h>

#include "mdloom/sources/catalog.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"

namespace mdloom::sources {

class OneFile : public testing::Test {
protected:
    /// Its ending says which format.
    explicit OneFile(std::string name) : name_(std::move(name)) {}

    std::shared_ptr<const Source> open(const Bytes& content, bool strict = false) {
        const OpenOptions options{strict, [this](const std::string& text) { warnings.push_back(text); }};
        return sources::open(std::vector{folder.write(name_, content)}, options);
    }

    /// What opening such a file, or reading all of it, throws.
    template <class E>
    std::string error(const Bytes& content, bool strict = false) {
        try {
            read_all(*open(content, strict));
        } catch (const E& e) {
            return e.what();
        }
        ADD_FAILURE() << "no such error";
        return "";
    }

    ScratchFolder folder;
    std::vector<std::string> warnings;

private:
    std::string name_;
};

}  // namespace mdloom::sources
