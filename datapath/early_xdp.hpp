// SPDX-License-Identifier: GPL-2.0-or-later
// Native XDP on a device, attached by netlink: it lives as long as the device and needs neither a pin nor a process.
#pragma once

#include "datapath/rtnetlink.hpp"

namespace xtbpf::early {

// Attaches in driver mode. `old_fd`: the program that must be there now and is replaced in one step; -1: there must be
// none. 0 or a positive errno; EOPNOTSUPP, EINVAL, ERANGE...: the driver can't.
int attach_xdp(Rtnetlink& rtnetlink, int ifindex, int program_fd, int old_fd);

// Removes the program `old_fd` if it is the one attached.
int detach_xdp(Rtnetlink& rtnetlink, int ifindex, int old_fd);

} // namespace xtbpf::early
