// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/fitted_objects.hpp"

#include "datapath/checksum.hpp"
#include "datapath/mapping.hpp"
#include "datapath/store_maps.hpp"

#include <bpf/bpf.h>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

namespace xtbpf {

namespace {

// What precedes the serialized object in the map. Another build's object has another sum.
struct Head {
    std::uint64_t magic = 0x0064657474696678; // "xfitted"
    std::uint64_t sum = 0;                    // of the object file
};

// Threads that load at once (tests) share what is fitted.
struct Known {
    std::mutex mutex;
    std::map<std::uint64_t, FittedObject> objects; // by sum
    std::map<std::uint64_t, Fd> maps;              // of some of them
};

Known& known() {
    static Known all;
    return all;
}

// The kernel's modules may have come and gone since.
bool still_fits(const FittedObject& object) {
    for (const std::uint32_t id : object.modules)
        if (id != 0 && !Fd(bpf_btf_get_fd_by_id(id))) return false;
    return true;
}

// An object that another process has fitted; nothing if none has.
std::optional<FittedObject> read_kept(const Fd& map) {
    const auto mapping = Mapping::readable(map.get());
    if (!mapping) return std::nullopt;
    auto object = parse_fitted(mapping->bytes().subspan(sizeof(Head)));
    if (!object || !still_fits(*object)) return std::nullopt;
    return std::move(*object);
}

} // namespace

Result<const FittedObject*> fitted_object(std::span<const std::uint8_t> elf, const char* name) {
    Known& all = known();
    const std::scoped_lock lock(all.mutex);
    const std::uint64_t sum = checksum(elf);
    if (const auto found = all.objects.find(sum); found != all.objects.end()) return &found->second;
    if (const auto kept = all.maps.find(sum); kept != all.maps.end()) {
        if (auto object = read_kept(kept->second)) return &all.objects.emplace(sum, std::move(*object)).first->second;
        all.maps.erase(kept);
    }
    auto object = fit(elf, name);
    if (!object) return std::unexpected(object.error());
    return &all.objects.emplace(sum, std::move(*object)).first->second;
}

void adopt_fitted(std::vector<Fd> maps) {
    Known& all = known();
    const std::scoped_lock lock(all.mutex);
    for (Fd& map : maps) {
        const auto mapping = Mapping::readable(map.get());
        Head head, expected;
        if (!mapping || mapping->bytes().size() < sizeof head) continue;
        std::memcpy(&head, mapping->bytes().data(), sizeof head);
        if (head.magic == expected.magic) all.maps.try_emplace(head.sum, std::move(map));
    }
}

bool any_fitted() {
    const std::scoped_lock lock(known().mutex);
    return !known().maps.empty();
}

void keep_fitted(int holder) {
    Known& all = known();
    const std::scoped_lock lock(all.mutex);
    for (auto& [sum, object] : all.objects) {
        if (all.maps.contains(sum)) continue;
        std::vector<std::uint8_t> bytes(sizeof(Head));
        const Head head{.sum = sum};
        std::memcpy(bytes.data(), &head, sizeof head);
        const std::vector<std::uint8_t> body = serialize(object);
        bytes.insert(bytes.end(), body.begin(), body.end());
        if (auto map = make_bytes_map("xt_fitted", bytes)) all.maps.emplace(sum, std::move(*map));
    }
    for (const auto& [sum, map] : all.maps)
        (void)bpf_prog_bind_map(holder, map.get(), nullptr);
}

} // namespace xtbpf
