#include "mdloom/base/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <new>

namespace mdloom {

namespace {

std::size_t whole_pages(std::size_t bytes) {
    return (bytes + large_page - 1) / large_page * large_page;
}

/// Where the system has them.
void ask_for_large_pages(void* from, std::size_t bytes) noexcept {
#ifdef MADV_HUGEPAGE
    madvise(from, bytes, MADV_HUGEPAGE);
#else
    static_cast<void>(from), static_cast<void>(bytes);
#endif
}

std::uintptr_t round_up(std::uintptr_t address, std::size_t page) {
    return (address + page - 1) / page * page;
}

}  // namespace

namespace detail {

/// Of a page more than is asked for, what is before and behind the whole ones goes back.
void* map_pages(std::size_t bytes) {
    if (bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc();
    const std::size_t wanted = whole_pages(bytes), mapped = wanted + large_page;
    void* const memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    char* const start = static_cast<char*>(memory);
    const std::size_t before =
        round_up(reinterpret_cast<std::uintptr_t>(memory), large_page) - reinterpret_cast<std::uintptr_t>(memory);
    if (before > 0) munmap(start, before);
    munmap(start + before + wanted, mapped - before - wanted);
    ask_for_large_pages(start + before, wanted);
    return start + before;
}

void unmap_pages(void* pages, std::size_t bytes) noexcept {
    munmap(pages, whole_pages(bytes));
}

void forget_pages(void* from, std::size_t bytes) noexcept {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto address = reinterpret_cast<std::uintptr_t>(from);
    const std::size_t before = round_up(address, page) - address;
    // A block's last page is whole, whatever of it was asked for.
    const std::size_t behind = round_up(address + bytes, large_page) - address;
    if (behind > before) madvise(static_cast<char*>(from) + before, behind - before, MADV_DONTNEED);
}

}  // namespace detail

void expect_plenty(void* memory, std::size_t bytes) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = round_up(address, large_page), stop = (address + bytes) / large_page * large_page;
    if (first < stop) ask_for_large_pages(static_cast<char*>(memory) + (first - address), stop - first);
}

}  // namespace mdloom
