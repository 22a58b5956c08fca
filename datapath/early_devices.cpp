// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_devices.hpp"

#include "datapath/fd.hpp"

#include <cstring>
#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netlink/attr.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace xtbpf::early {

namespace {

void read_xdp(Device& device, nlattr* attribute) {
    nlattr* xdp[IFLA_XDP_MAX + 1];
    if (nla_parse_nested(xdp, IFLA_XDP_MAX, attribute, nullptr) < 0) return;
    if (xdp[IFLA_XDP_PROG_ID] != nullptr) device.xdp_program = nla_get_u32(xdp[IFLA_XDP_PROG_ID]);
    if (xdp[IFLA_XDP_ATTACHED] == nullptr) return;
    const std::uint8_t attached = nla_get_u8(xdp[IFLA_XDP_ATTACHED]);
    device.xdp_native = attached == XDP_ATTACHED_DRV;
    // Several at once (native and offloaded) have no single id: certainly not ours.
    if (attached == XDP_ATTACHED_MULTI) device.xdp_program = ~0U;
}

Device read_link(nlmsghdr* header) {
    const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(header));
    nlattr* attributes[IFLA_MAX + 1];
    Device device;
    if (nlmsg_parse(header, sizeof *link, attributes, IFLA_MAX, nullptr) < 0) return device;
    device.index = link->ifi_index;
    device.ethernet = link->ifi_type == ARPHRD_ETHER && (link->ifi_flags & IFF_LOOPBACK) == 0;
    if (attributes[IFLA_IFNAME] != nullptr) device.name = nla_get_string(attributes[IFLA_IFNAME]);
    if (attributes[IFLA_MTU] != nullptr) device.mtu = nla_get_u32(attributes[IFLA_MTU]);
    device.port = attributes[IFLA_MASTER] != nullptr;
    device.hardware = attributes[IFLA_PARENT_DEV_NAME] != nullptr;
    if (attributes[IFLA_XDP] != nullptr) read_xdp(device, attributes[IFLA_XDP]);
    if (attributes[IFLA_LINKINFO] != nullptr) {
        nlattr* info[IFLA_INFO_MAX + 1];
        if (nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr) == 0 &&
            info[IFLA_INFO_KIND] != nullptr)
            device.kind = nla_get_string(info[IFLA_INFO_KIND]);
    }
    return device;
}

} // namespace

Result<std::vector<Device>> devices(Rtnetlink& rtnetlink) {
    std::vector<Device> found;
    const NlMessage request = Rtnetlink::message(RTM_GETLINK, 0, ifinfomsg{});
    const int error = rtnetlink.dump(request.get(), [&](nlmsghdr* header) {
        if (header->nlmsg_type != RTM_NEWLINK) return;
        Device device = read_link(header);
        if (device.index > 0) found.push_back(std::move(device));
    });
    if (error != 0)
        return fail(ErrorKind::Refused, fmt::format("can't list the network devices: {}", std::strerror(error)));
    return found;
}

bool strips_vlan_tags(const std::string& device) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value flags{.cmd = ETHTOOL_GFLAGS, .data = 0};
    ifreq request{};
    device.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = reinterpret_cast<char*>(&flags);
    if (!socket || ::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return true;
    return (flags.data & ETH_FLAG_RXVLAN) != 0;
}

} // namespace xtbpf::early
