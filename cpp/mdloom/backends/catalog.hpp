// The backends at hand.
#pragma once
#include <memory>

#include "mdloom/contracts/backend.hpp"

namespace mdloom::backends {

/// Works in the calling thread; starts nothing.
std::unique_ptr<Backend> serial();

/// Works in n_threads threads of its own, while the calling thread watches. They live as long as one drive(): nothing is
/// left that a fork could break.
std::unique_ptr<Backend> threads(int n_threads);

}  // namespace mdloom::backends
