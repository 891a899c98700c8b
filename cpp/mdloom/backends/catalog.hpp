// The backends at hand. Being listed means being tested (tests/laws).
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "mdloom/contracts/backend.hpp"

namespace mdloom::backends {

/// Works in the calling thread; starts nothing.
std::unique_ptr<Backend> serial();

/// Works in n_threads threads of its own, while the calling thread watches. They live as long as one drive(): nothing
/// is left that a fork could break.
std::unique_ptr<Backend> threads(int n_threads);

struct Info {
    std::string_view name;
    std::unique_ptr<Backend> (*make)(int n_workers);
};

/// In alphabetical order.
std::span<const Info> catalog();

}  // namespace mdloom::backends
