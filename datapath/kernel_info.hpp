// SPDX-License-Identifier: GPL-2.0-or-later
// What has to be known of the running kernel before programs can be made for it.
#pragma once

#include "translator/error.hpp"
#include "translator/limit.hpp"

#include <cstdint>

namespace xtbpf {

// From the resolution of the coarse clock, which is one jiffy.
KernelClock kernel_clock();

// What the kernel's BTF tells beside what libbpf asks of it; 0 where it doesn't.
struct KernelTypes {
    std::uint32_t nf_conn =
        0; // id of the struct as the conntrack functions mean it (there may be several of that name)
    // Bits of net_device.features, which move between kernel versions (include/linux/netdev_features.h).
    std::uint64_t gro = 0;        // NETIF_F_GRO
    std::uint64_t gro_udp = 0;    // NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD
    std::uint64_t vlan_strip = 0; // NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX
};
Result<KernelTypes> kernel_types(); // the first time reads all of it, which takes some milliseconds

} // namespace xtbpf
