// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/limit.hpp"

#include <bit>
#include <limits>

namespace xtbpf {

namespace {
constexpr std::uint32_t kLimitScale = 10000; // XT_LIMIT_SCALE
constexpr std::uint32_t kSecondsPerDay = 24 * 60 * 60;
} // namespace

std::uint32_t limit_credits_per_jiffy(KernelClock clock) {
    return std::bit_floor(std::numeric_limits<std::uint32_t>::max() / (clock.hz * kSecondsPerDay));
}

std::uint32_t limit_credits(std::uint32_t user, KernelClock clock) {
    const std::uint32_t per_second = clock.hz * limit_credits_per_jiffy(clock);
    if (user > std::numeric_limits<std::uint32_t>::max() / per_second) return user / kLimitScale * per_second;
    return user * per_second / kLimitScale;
}

} // namespace xtbpf
