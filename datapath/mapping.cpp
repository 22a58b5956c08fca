// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/mapping.hpp"

#include "datapath/refusal.hpp"

#include <bpf/bpf.h>
#include <cerrno>
#include <linux/bpf.h>
#include <sys/mman.h>

namespace xtbpf {

Result<Mapping> Mapping::make(int fd, int protection) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
        return std::unexpected(refusal("ask about a map of the rules' store", errno));
    const std::size_t value = (std::size_t{info.value_size} + 7) / 8 * 8; // kernel/bpf/arraymap.c, array_map_alloc
    const std::size_t bytes = value * info.max_entries;
    void* at = ::mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return std::unexpected(refusal("map the rules' store", errno));
    return Mapping({static_cast<std::uint8_t*>(at), bytes});
}

Result<Mapping> Mapping::readable(int fd) { return make(fd, PROT_READ); }
Result<Mapping> Mapping::writable(int fd) { return make(fd, PROT_READ | PROT_WRITE); }

Mapping::~Mapping() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

} // namespace xtbpf
