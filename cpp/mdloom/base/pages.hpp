// Memory for what is plenty: from the system in large pages, and back to it as soon as it is freed.
//
// The first touch of a page of 4 kB takes 0.5 to 2 us, more than the 48 bytes of 85 hydrogen bonds do otherwise; one of
// 2 MB takes 140 us. And what malloc gets back in pieces of a megabyte it mostly keeps.
#pragma once
#include <cstddef>
#include <vector>

namespace mdloom {

inline constexpr std::size_t large_page = std::size_t{1} << 21;  ///< bytes

namespace detail {
void* map_pages(std::size_t bytes);  ///< throws std::bad_alloc
void unmap_pages(void* pages, std::size_t bytes) noexcept;
void forget_pages(void* from, std::size_t bytes) noexcept;  ///< what is behind `from` may be anything
}  // namespace detail

/// Asks for large pages where memory that was not touched yet allows for them.
void expect_plenty(void* memory, std::size_t bytes) noexcept;

/// Blocks of a megabyte and more are whole pages. Values are not set to 0 by resize().
template <class T>
struct PageAllocator {
    using value_type = T;
    static constexpr std::size_t least_mapped = large_page / 2;  ///< bytes

    PageAllocator() = default;
    template <class U>
    PageAllocator(const PageAllocator<U>&) {}

    T* allocate(std::size_t n) {
        if (n >= least_mapped / sizeof(T)) return static_cast<T*>(detail::map_pages(n * sizeof(T)));
        return static_cast<T*>(::operator new(n * sizeof(T)));
    }
    void deallocate(T* values, std::size_t n) noexcept {
        if (n >= least_mapped / sizeof(T)) return detail::unmap_pages(values, n * sizeof(T));
        ::operator delete(values);
    }
    template <class U>
    void construct(U* at) {
        ::new (static_cast<void*>(at)) U;
    }
    template <class U, class... Arguments>
    void construct(U* at, Arguments&&... arguments) {
        ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
    }
    template <class U>
    bool operator==(const PageAllocator<U>&) const {
        return true;
    }
};

/// T: a number.
template <class T>
using PagedVector = std::vector<T, PageAllocator<T>>;

/// Room for more values than there are takes no memory then.
template <class T>
void drop_spare_room(PagedVector<T>& values) {
    if (values.capacity() >= PageAllocator<T>::least_mapped / sizeof(T))
        detail::forget_pages(values.data() + values.size(), (values.capacity() - values.size()) * sizeof(T));
    else
        values.shrink_to_fit();
}

}  // namespace mdloom
