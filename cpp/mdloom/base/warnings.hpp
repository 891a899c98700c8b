// Where warnings go. The library never prints: whoever opens something says where its warnings shall land.
#pragma once
#include <functional>
#include <string>

namespace mdloom {

/// Called once per warning, in the thread that caused it. An empty one drops them.
using Warn = std::function<void(const std::string& text)>;

}  // namespace mdloom
