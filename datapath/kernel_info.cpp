// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/kernel_info.hpp"

#include <algorithm>
#include <bpf/btf.h>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <memory>
#include <string_view>

namespace xtbpf {

namespace {

struct FreeBtf {
    void operator()(btf* types) const { btf__free(types); }
};

// The struct that a function returns a pointer to; 0 if the function isn't there.
std::uint32_t returned_struct(const btf* types, const char* function) {
    const std::int32_t id = btf__find_by_name_kind(types, function, BTF_KIND_FUNC);
    if (id < 0) return 0;
    const btf_type* prototype = btf__type_by_id(types, btf__type_by_id(types, static_cast<std::uint32_t>(id))->type);
    const btf_type* pointer = btf__type_by_id(types, prototype->type);
    return btf_is_ptr(pointer) ? pointer->type : 0;
}

// The enum has no name; it is known by one of its members.
const btf_type* feature_enum(const btf* types) {
    for (std::uint32_t id = 1; id < btf__type_cnt(types); ++id) {
        const btf_type* type = btf__type_by_id(types, id);
        if (!btf_is_enum(type) || type->name_off != 0 || btf_vlen(type) < 32) continue;
        for (std::uint32_t member = 0; member < btf_vlen(type); ++member)
            if (std::string_view(btf__name_by_offset(types, btf_enum(type)[member].name_off)) == "NETIF_F_GRO_BIT")
                return type;
    }
    return nullptr;
}

void read_features(const btf* types, const btf_type* bits, KernelTypes& found) {
    for (std::uint32_t member = 0; member < btf_vlen(bits); ++member) {
        const std::string_view name = btf__name_by_offset(types, btf_enum(bits)[member].name_off);
        const std::uint64_t bit = std::uint64_t{1} << (btf_enum(bits)[member].val & 63);
        if (name == "NETIF_F_GRO_BIT") found.gro |= bit;
        if (name == "NETIF_F_GRO_FRAGLIST_BIT" || name == "NETIF_F_GRO_UDP_FWD_BIT") found.gro_udp |= bit;
        if (name == "NETIF_F_HW_VLAN_CTAG_RX_BIT" || name == "NETIF_F_HW_VLAN_STAG_RX_BIT") found.vlan_strip |= bit;
    }
}

Result<KernelTypes> read_kernel_types() {
    const std::unique_ptr<btf, FreeBtf> types{btf__load_vmlinux_btf()};
    if (!types) return fail(ErrorKind::Refused, fmt::format("reading the kernel's BTF: {}", std::strerror(errno)));
    KernelTypes found;
    found.nf_conn = returned_struct(types.get(), "bpf_skb_ct_lookup");
    if (found.nf_conn == 0)
        found.nf_conn =
            static_cast<std::uint32_t>(std::max(0, btf__find_by_name_kind(types.get(), "nf_conn", BTF_KIND_STRUCT)));
    if (const btf_type* bits = feature_enum(types.get())) read_features(types.get(), bits, found);
    return found;
}

} // namespace

KernelClock kernel_clock() {
    timespec jiffy{};
    ::clock_getres(CLOCK_REALTIME_COARSE, &jiffy);
    const long nanoseconds = jiffy.tv_nsec > 0 ? jiffy.tv_nsec : 4'000'000;
    return {.hz = static_cast<std::uint32_t>((1'000'000'000L + nanoseconds / 2) / nanoseconds)};
}

Result<KernelTypes> kernel_types() {
    static const Result<KernelTypes> known = read_kernel_types();
    return known;
}

} // namespace xtbpf
