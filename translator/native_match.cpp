// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/native_match.hpp"

#include "translator/native_answer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connbytes.h>
#include <linux/netfilter/xt_connlabel.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_policy.h>
#include <linux/netfilter/xt_time.h>

namespace xtbpf {

namespace {

template <typename Info> Info info_of(const ir::KernelMatch& match) {
    Info info{};
    std::memcpy(&info, match.info.data(), std::min(sizeof info, match.info.size()));
    return info;
}

std::uint64_t pair_of(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }

// With a device, the route's is compared.
std::optional<NativeMatch> addrtype(const ir::KernelMatch& match) {
    const auto info = info_of<xt_addrtype_info_v1>(match);
    if (info.flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT)) return std::nullopt;
    using Arguments = std::array<std::uint64_t, 3>;
    const Arguments source{true, info.source, (info.flags & XT_ADDRTYPE_INVERT_SOURCE) != 0};
    const Arguments dest{false, info.dest, (info.flags & XT_ADDRTYPE_INVERT_DEST) != 0};
    if (info.source == 0 && info.dest == 0) return std::nullopt;
    NativeMatch native{.function = "rt_addrtype", .arguments = info.source != 0 ? source : dest};
    if (info.source != 0 && info.dest != 0) native.also = dest;
    return native;
}

NativeMatch connbytes(const ir::KernelMatch& match) {
    const auto info = info_of<xt_connbytes_info>(match);
    return {.function = "rt_connbytes",
            .arguments = {std::uint64_t{info.what} << 8 | info.direction, std::bit_cast<std::uint64_t>(info.count.from),
                          std::bit_cast<std::uint64_t>(info.count.to)},
            .connection = true};
}

std::optional<NativeMatch> connlabel(const ir::KernelMatch& match) {
    const auto info = info_of<xt_connlabel_mtinfo>(match);
    if (info.options & XT_CONNLABEL_OP_SET) return std::nullopt; // a program can't set it
    return NativeMatch{.function = "rt_connlabel",
                       .arguments = {info.bit, (info.options & XT_CONNLABEL_OP_INVERT) != 0},
                       .connection = true};
}

// The name as two words of memory: the kernel's is at most NF_CT_HELPER_NAME_LEN, 16 bytes with its zero.
std::optional<NativeMatch> helper(const ir::KernelMatch& match) {
    constexpr std::size_t kName = 16;
    const auto info = info_of<xt_helper_info>(match);
    const auto* zero = std::ranges::find(info.name, '\0');
    if (zero >= info.name + kName) return std::nullopt;
    NativeMatch native{.function = "rt_helper", .arguments = {info.invert != 0}, .connection = true};
    std::memcpy(&native.arguments[1], info.name, static_cast<std::size_t>(zero - info.name));
    return native;
}

// The kernel's own time zone can't be found by a program.
std::optional<NativeMatch> time(const ir::KernelMatch& match) {
    const auto info = info_of<xt_time_info>(match);
    if (info.flags & XT_TIME_LOCAL_TZ) return std::nullopt;
    return NativeMatch{.function = "rt_time",
                       .arguments = {pair_of(info.date_start, info.date_stop),
                                     pair_of(info.daytime_start, info.daytime_stop),
                                     pair_of(info.monthdays_match,
                                             std::uint32_t{info.weekdays_match} | std::uint32_t{info.flags} << 8)}};
}

NativeMatch policy(const ir::KernelMatch& match) {
    return {.function = "rt_policy", .arguments = {info_of<xt_policy_info>(match).flags}};
}

NativeMatch physdev(const ir::KernelMatch& match) {
    const auto info = info_of<xt_physdev_info>(match);
    const bool in = info.bitmask & XT_PHYSDEV_OP_IN;
    const bool two = in && info.bitmask & XT_PHYSDEV_OP_OUT;
    const char* mask = in ? info.in_mask : info.out_mask;
    const auto compared = std::count(mask, mask + IFNAMSIZ, '\xff'); // from the first byte on
    NativeMatch native{.function = "rt_physdev"};
    std::memcpy(native.arguments.data(), in ? info.physindev : info.physoutdev, static_cast<std::size_t>(compared));
    native.arguments[2] =
        std::uint64_t{info.bitmask} << XT_PHYSDEV_USED | std::uint64_t{info.invert} << XT_PHYSDEV_INVERT |
        static_cast<std::uint64_t>(compared) << XT_PHYSDEV_LENGTH | std::uint64_t{two} << XT_PHYSDEV_TWO;
    return native;
}

} // namespace

std::optional<NativeMatch> native_match(const ir::KernelMatch& match) {
    if (match.name == "addrtype") return addrtype(match);
    if (match.name == "connbytes") return connbytes(match);
    if (match.name == "connlabel") return connlabel(match);
    if (match.name == "helper") return helper(match);
    if (match.name == "time") return time(match);
    if (match.name == "policy") return policy(match);
    if (match.name == "physdev") return physdev(match);
    return std::nullopt;
}

} // namespace xtbpf
