// SPDX-License-Identifier: GPL-2.0-or-later
// mimalloc serves malloc and operator delete by being linked; here is how, and what its operator new, which can't throw, does
// otherwise: it ends the program where there is no memory.
#include "frontend/applet.hpp"

#include <cstdlib>
#include <mimalloc.h>
#include <new>
#include <unistd.h>

namespace {

// Before anything else of the program. A long restore touches 30,000 small pages once, each at a fault of some two microseconds:
// huge ones, and none given back. With too little memory for a first segment not even an exception could be thrown.
[[gnu::constructor(101)]] void set_up() {
    mi_option_enable(mi_option_large_os_pages);
    mi_option_disable(mi_option_allow_decommit);
    if (void* first = mi_malloc(1)) return mi_free(first);
    static_cast<void>(!::write(STDERR_FILENO, xtbpf::kNoMemory.data(), xtbpf::kNoMemory.size()));
    ::_exit(1);
}

void* taken(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

} // namespace

void* operator new(std::size_t bytes) { return taken(mi_malloc(bytes)); }
void* operator new[](std::size_t bytes) { return taken(mi_malloc(bytes)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return taken(mi_malloc_aligned(bytes, static_cast<std::size_t>(alignment)));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return taken(mi_malloc_aligned(bytes, static_cast<std::size_t>(alignment)));
}
