// SPDX-License-Identifier: GPL-2.0-or-later
// The arithmetic of net/netfilter/xt_limit.c: credits are scaled so that a day's worth of them fits 32 bits.
#include "translator/codegen/predicates.hpp"

#include <bit>
#include <limits>

namespace xtbpf::codegen {

namespace {
constexpr std::uint32_t kLimitScale = 10000; // XT_LIMIT_SCALE
constexpr std::uint32_t kSecondsPerDay = 24 * 60 * 60;
} // namespace

std::uint32_t limit_credits_per_jiffy(KernelClock clock) {
    return std::bit_floor(std::numeric_limits<std::uint32_t>::max() / (clock.hz * kSecondsPerDay));
}

std::uint32_t limit_credits(std::uint64_t user64, KernelClock clock) {
    const auto user = static_cast<std::uint32_t>(user64); // the kernel's product of avg and burst wraps too
    const std::uint32_t per_second = clock.hz * limit_credits_per_jiffy(clock);
    if (user > std::numeric_limits<std::uint32_t>::max() / per_second) return user / kLimitScale * per_second;
    return user * per_second / kLimitScale;
}

} // namespace xtbpf::codegen
