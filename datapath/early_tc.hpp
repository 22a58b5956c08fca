// SPDX-License-Identifier: GPL-2.0-or-later
// One filter of ours at the end of a device's tc ingress. Last on purpose: whatever other filters do to the packet,
// they do it before us, as they do it before netfilter; and what they take away never comes here.
#pragma once

#include "datapath/rtnetlink.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <optional>

namespace xtbpf::early {

struct TcFilter {
    std::uint32_t program = 0; // id
    bool made_qdisc = false;   // the clsact qdisc is there because of it
};

struct TcIngress {
    bool qdisc = false;      // a clsact or ingress qdisc is there
    bool last_taken = false; // somebody else's filter has our priority
    std::optional<TcFilter> ours;
};

Result<TcIngress> inspect_tc(Rtnetlink& rtnetlink, int ifindex);

// Puts the program there or replaces, atomically, the one that is ours. Positive errno if the kernel refuses.
int attach_tc(Rtnetlink& rtnetlink, int ifindex, const TcIngress& before, int program_fd);

// Removes ours, and the clsact qdisc if it came with ours and holds nothing else.
int detach_tc(Rtnetlink& rtnetlink, int ifindex, const TcIngress& before);

} // namespace xtbpf::early
