// SPDX-License-Identifier: GPL-2.0-or-later
// Bits of net_device.features, which move between kernel versions.
#pragma once

#include "translator/error.hpp"

#include <cstdint>

namespace xtbpf {

struct DeviceFeatures {
    std::uint64_t gro = 0;        // NETIF_F_GRO
    std::uint64_t gro_udp = 0;    // NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD
    std::uint64_t vlan_strip = 0; // NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX
};

// From the kernel's BTF: the enum of include/linux/netdev_features.h.
Result<DeviceFeatures> device_features();

} // namespace xtbpf
