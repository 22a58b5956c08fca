// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_xdp.hpp"

#include <cerrno>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

namespace xtbpf::early {

namespace {

int change(Rtnetlink& rtnetlink, int ifindex, int program_fd, int old_fd) {
    ifinfomsg link{};
    link.ifi_index = ifindex;
    const NlMessage request = Rtnetlink::message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, link);
    if (!request) return ENOMEM;
    nlattr* xdp = nla_nest_start(request.get(), IFLA_XDP);
    // dev_change_xdp_fd() compares the expected program under the RTNL lock: nobody else's is ever replaced.
    const std::uint32_t flags = XDP_FLAGS_DRV_MODE | (old_fd >= 0 ? XDP_FLAGS_REPLACE : XDP_FLAGS_UPDATE_IF_NOEXIST);
    if (xdp == nullptr || nla_put_s32(request.get(), IFLA_XDP_FD, program_fd) < 0 ||
        nla_put_u32(request.get(), IFLA_XDP_FLAGS, flags) < 0)
        return ENOMEM;
    if (old_fd >= 0 && nla_put_s32(request.get(), IFLA_XDP_EXPECTED_FD, old_fd) < 0) return ENOMEM;
    nla_nest_end(request.get(), xdp);
    return rtnetlink.ask(request.get());
}

} // namespace

int attach_xdp(Rtnetlink& rtnetlink, int ifindex, int program_fd, int old_fd) {
    return change(rtnetlink, ifindex, program_fd, old_fd);
}

int detach_xdp(Rtnetlink& rtnetlink, int ifindex, int old_fd) { return change(rtnetlink, ifindex, -1, old_fd); }

} // namespace xtbpf::early
