// SPDX-License-Identifier: GPL-2.0-or-later
// The devices of the current network namespace, as far as the early stage's choice of a place depends on them.
#pragma once

#include "datapath/rtnetlink.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xtbpf::early {

struct Device {
    int index = 0;
    std::string name;
    std::string kind; // rtnl_link_ops: "veth", "bridge"; empty for hardware
    std::uint32_t mtu = 0;
    bool ethernet = false;         // ARPHRD_ETHER and not loopback
    bool port = false;             // has a master: bridge, bond, team, VRF
    bool hardware = false;         // has a parent device (PCI, virtio, platform...)
    std::uint32_t xdp_program = 0; // id; 0: none
    bool xdp_native = false;
};

Result<std::vector<Device>> devices(Rtnetlink& rtnetlink);

// Whether the driver takes VLAN tags out of received frames before XDP could see them. True if it can't be told.
bool strips_vlan_tags(const std::string& device);

} // namespace xtbpf::early
