// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/device_features.hpp"

#include <bpf/btf.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <string_view>

namespace xtbpf {

namespace {

struct FreeBtf {
    void operator()(btf* types) const { btf__free(types); }
};

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

} // namespace

Result<DeviceFeatures> device_features() {
    const std::unique_ptr<btf, FreeBtf> types(btf__load_vmlinux_btf());
    if (!types) return fail(ErrorKind::Refused, fmt::format("reading the kernel's BTF: {}", std::strerror(errno)));
    const btf_type* bits = feature_enum(types.get());
    if (bits == nullptr) return fail(ErrorKind::Refused, "the kernel's BTF doesn't tell the device features");
    DeviceFeatures features;
    for (std::uint32_t member = 0; member < btf_vlen(bits); ++member) {
        const std::string_view name = btf__name_by_offset(types.get(), btf_enum(bits)[member].name_off);
        const std::uint64_t bit = std::uint64_t{1} << (btf_enum(bits)[member].val & 63);
        if (name == "NETIF_F_GRO_BIT") features.gro |= bit;
        if (name == "NETIF_F_GRO_FRAGLIST_BIT" || name == "NETIF_F_GRO_UDP_FWD_BIT") features.gro_udp |= bit;
        if (name == "NETIF_F_HW_VLAN_CTAG_RX_BIT" || name == "NETIF_F_HW_VLAN_STAG_RX_BIT") features.vlan_strip |= bit;
    }
    return features;
}

} // namespace xtbpf
