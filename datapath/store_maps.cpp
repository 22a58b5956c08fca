// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/store_maps.hpp"

#include "datapath/refusal.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <string_view>

namespace xtbpf {

namespace {

// Older kernels copy a map's value through kmalloc: larger stores are spread over values of this size.
constexpr std::size_t kMostPerValue = 1 << 20;
constexpr const char* kHolderName = "xt_holder";
constexpr std::uint32_t kMostMaps = 64; // a program refers to no more (include/linux/bpf_verifier.h, MAX_USED_MAPS)

std::unexpected<Error> refused(std::string_view tried) { return std::unexpected(refusal(tried, errno)); }

Result<bpf_map_info> info_of(const Fd& map) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(map.get(), &info, &size) != 0) return refused("ask about a map of the rules' store");
    return info;
}

} // namespace

Result<Fd> make_bytes_map(const char* name, std::span<const std::uint8_t> bytes) {
    const std::size_t per_value = std::min((bytes.size() + 7) / 8 * 8, kMostPerValue);
    const std::size_t values = (bytes.size() + per_value - 1) / per_value;
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG | BPF_F_MMAPABLE);
    Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(std::uint32_t), static_cast<std::uint32_t>(per_value),
                          static_cast<std::uint32_t>(values), &options));
    if (!map) return refused("make the rules' store");
    std::vector<std::uint8_t> last(per_value);
    for (std::uint32_t key = 0; key < values; ++key) {
        auto part = bytes.subspan(key * per_value);
        const std::uint8_t* value = part.data();
        if (part.size() < per_value) {
            std::ranges::copy(part, last.begin());
            value = last.data();
        }
        if (bpf_map_update_elem(map.get(), &key, value, BPF_ANY) != 0) return refused("write the rules' store");
    }
    if (bpf_map_freeze(map.get()) != 0) return refused("freeze the rules' store");
    return map;
}

Result<Holder> make_holder(const Fd& store, const std::vector<int>& counters, const std::vector<int>& limits,
                           int image) {
    std::vector<int> maps{store.get()};
    maps.insert(maps.end(), counters.begin(), counters.end());
    maps.insert(maps.end(), limits.begin(), limits.end());
    if (image >= 0) maps.push_back(image);
    if (maps.size() > kMostMaps) return fail(ErrorKind::Refused, "too many rules");
    std::vector<bpf_insn> code;
    for (const int map : maps) {
        code.push_back({BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map});
        code.push_back({0, 0, 0, 0, 0});
    }
    code.push_back({BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0});
    code.push_back({BPF_JMP | BPF_EXIT, 0, 0, 0, 0});
    Holder holder{Fd(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, kHolderName, "GPL", code.data(), code.size(), nullptr)),
                  0};
    if (!holder.program) return refused("load the holder of the rules' store");
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(holder.program.get(), &info, &size) != 0) return refused("ask for the holder's id");
    // open_store_maps goes by names. libbpf asks the kernel once whether it has them, and gives none if that question fails
    // for whatever reason.
    if (std::string_view(info.name) != kHolderName)
        return fail(ErrorKind::Refused, "the holder of the rules' store got no name (out of memory?)");
    holder.id = info.id;
    return holder;
}

Result<std::optional<StoreMaps>> open_store_maps(std::uint32_t holder) {
    Fd program(bpf_prog_get_fd_by_id(holder));
    if (!program && errno == ENOENT) return std::nullopt;
    if (!program) return refused("open the holder of the rules' store");
    std::uint32_t ids[kMostMaps];
    bpf_prog_info info{};
    info.nr_map_ids = kMostMaps;
    info.map_ids = reinterpret_cast<std::uintptr_t>(ids);
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0)
        return refused("ask about the holder of the rules' store");
    if (info.type != BPF_PROG_TYPE_SOCKET_FILTER || std::string_view(info.name) != kHolderName) return std::nullopt;

    // The kernel keeps the maps in the order in which the program names them (kernel/bpf/verifier.c,
    // resolve_pseudo_ldimm64).
    StoreMaps maps;
    for (std::uint32_t i = 0; i < std::min(info.nr_map_ids, kMostMaps); ++i) {
        Fd map(bpf_map_get_fd_by_id(ids[i]));
        if (!map) return refused("open a map of the rules' store");
        const auto about = info_of(map);
        if (!about) return std::unexpected(about.error());
        const std::string_view name = about->name;
        if (name == "xt_store" && !maps.store) maps.store = std::move(map);
        if (name == "xt_counters") maps.counters.push_back(std::move(map));
        if (name == "xt_limits") maps.limits.push_back(std::move(map));
        if (name == "xt_image" && !maps.image) maps.image = std::move(map);
        if (name == "xt_fitted") maps.fitted.push_back(std::move(map));
    }
    if (!maps.store) return std::nullopt;
    maps.holder = std::move(program);
    return maps;
}

} // namespace xtbpf
