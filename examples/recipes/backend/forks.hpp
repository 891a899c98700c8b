// A backend that forks a process for each chunk: what dies takes only its chunk along.
#pragma once
#include <mdloom/contracts/backend.hpp>

/// At most n_processes at a time. Only for programs without threads: a fork copies the calling thread alone. Frames
/// that lose their process again and again are left undone, and the run says so.
std::unique_ptr<mdloom::Backend> forks(int n_processes);
