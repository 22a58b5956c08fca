// SPDX-License-Identifier: GPL-2.0-or-later
// The arithmetic of net/netfilter/xt_limit.c. The kernel counts in credits, so many a jiffy that a day's worth of them fits 32
// bits; a bucket begins full at limit_credits(avg * burst), a packet takes limit_credits(avg). Rounding can leave a burst one
// packet short.
#pragma once

#include <cstdint>

namespace xtbpf {

struct KernelClock {
    std::uint32_t hz = 250; // jiffies per second (CONFIG_HZ)
};

std::uint32_t limit_credits_per_jiffy(KernelClock clock);

// user2credits: all in 32 bits, with the loss of digits and the wrap that come of it.
std::uint32_t limit_credits(std::uint32_t user, KernelClock clock);

} // namespace xtbpf
