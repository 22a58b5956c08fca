// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/native_match.hpp"

#include "translator/kernel_info_of.hpp"
#include "translator/native_answer.h"
#include "translator/sctp_info.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_cgroup.h>
#include <linux/netfilter/xt_connbytes.h>
#include <linux/netfilter/xt_connlabel.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_policy.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_string.h>
#include <linux/netfilter/xt_time.h>
#include <span>
#include <string_view>

namespace xtbpf {

namespace {

std::uint64_t pair_of(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }

NativeMatch call(const char* function, const std::array<std::uint64_t, 3>& arguments) {
    NativeMatch native;
    native.calls.push_back({.function = function, .arguments = arguments});
    return native;
}

NativeMatch of_connection(NativeMatch native) {
    native.connection = true;
    return native;
}

// With a device, the route's is compared.
std::optional<NativeMatch> addrtype(const ir::KernelMatch& match) {
    const auto info = info_of<xt_addrtype_info_v1>(match);
    if (info.flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT)) return std::nullopt;
    NativeMatch native;
    const auto add = [&](bool source, std::uint16_t types, bool invert) {
        if (types != 0) native.calls.push_back({.function = "rt_addrtype", .arguments = {source, types, invert}});
    };
    add(true, info.source, info.flags & XT_ADDRTYPE_INVERT_SOURCE);
    add(false, info.dest, info.flags & XT_ADDRTYPE_INVERT_DEST);
    if (native.calls.empty()) return std::nullopt;
    return native;
}

NativeMatch connbytes(const ir::KernelMatch& match) {
    const auto info = info_of<xt_connbytes_info>(match);
    return of_connection(call("rt_connbytes", {std::uint64_t{info.what} << 8 | info.direction,
                                               std::bit_cast<std::uint64_t>(info.count.from),
                                               std::bit_cast<std::uint64_t>(info.count.to)}));
}

std::optional<NativeMatch> connlabel(const ir::KernelMatch& match) {
    const auto info = info_of<xt_connlabel_mtinfo>(match);
    if (info.options & XT_CONNLABEL_OP_SET) return std::nullopt; // a program can't set it
    return of_connection(call("rt_connlabel", {info.bit, (info.options & XT_CONNLABEL_OP_INVERT) != 0}));
}

// Up to sixteen bytes as two words of memory.
std::array<std::uint64_t, 2> words_of(const char* text, std::size_t bytes) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), text, bytes);
    return words;
}

// The kernel's name is at most NF_CT_HELPER_NAME_LEN long: 16 bytes with its zero.
std::optional<NativeMatch> helper(const ir::KernelMatch& match) {
    constexpr std::size_t kName = 16;
    const auto info = info_of<xt_helper_info>(match);
    const auto* zero = std::ranges::find(info.name, '\0');
    if (zero >= info.name + kName) return std::nullopt;
    const auto [first, second] = words_of(info.name, static_cast<std::size_t>(zero - info.name));
    return of_connection(call("rt_helper", {info.invert != 0, first, second}));
}

// The kernel's own time zone can't be found by a program.
std::optional<NativeMatch> time(const ir::KernelMatch& match) {
    const auto info = info_of<xt_time_info>(match);
    if (info.flags & XT_TIME_LOCAL_TZ) return std::nullopt;
    return call("rt_time",
                {pair_of(info.date_start, info.date_stop), pair_of(info.daytime_start, info.daytime_stop),
                 pair_of(info.monthdays_match, std::uint32_t{info.weekdays_match} | std::uint32_t{info.flags} << 8)});
}

NativeMatch policy(const ir::KernelMatch& match) { return call("rt_policy", {info_of<xt_policy_info>(match).flags}); }

// All that is tested must hold, so that the devices' names can be asked for one by one.
std::optional<NativeMatch> physdev(const ir::KernelMatch& match) {
    const auto info = info_of<xt_physdev_info>(match);
    NativeMatch native;
    const auto add = [&](unsigned bits, const char* name, const char* mask) {
        if ((info.bitmask & bits) == 0) return;
        const auto compared =
            static_cast<std::uint64_t>(std::count(mask, mask + IFNAMSIZ, '\xff')); // from the first byte on
        const auto [first, second] = words_of(name, compared);
        native.calls.push_back({.function = "rt_physdev",
                                .arguments = {first, second,
                                              std::uint64_t{info.bitmask & bits} << XT_PHYSDEV_USED |
                                                  std::uint64_t{info.invert & bits} << XT_PHYSDEV_INVERT |
                                                  compared << XT_PHYSDEV_LENGTH}});
    };
    add(XT_PHYSDEV_OP_MASK & ~XT_PHYSDEV_OP_OUT, info.physindev, info.in_mask);
    add(XT_PHYSDEV_OP_OUT, info.physoutdev, info.out_mask);
    if (native.calls.empty()) return std::nullopt;
    return native;
}

// Where there is a socket, its cgroup's path is the kernel's to follow.
std::optional<NativeMatch> cgroup(const ir::KernelMatch& match) {
    return info_of<xt_cgroup_info_v2>(match).has_path ? std::optional(call("rt_socket", {})) : std::nullopt;
}

// That the route leads back to the packet's device holds with any option.
NativeMatch rpfilter(const ir::KernelMatch& match) {
    return call("rt_rpfilter", {(info_of<xt_rpfilter_info>(match).flags & XT_RPFILTER_INVERT) != 0});
}

// Of types without flags, those that the three words hold: 0 to 31, 128 to 159, and from 192 on.
std::optional<NativeMatch> sctp(const ir::KernelMatch& match) {
    const auto info = info_of<SctpInfo>(match);
    const auto& types = info.types;
    if (!(info.flags & SctpInfo::ChunkTypes) || info.chunk_flag_count != 0) return std::nullopt;
    if (types[1] != 0 || types[2] != 0 || types[3] != 0 || types[5] != 0) return std::nullopt;
    return call("rt_sctp_chunks", {pair_of(types[0], types[4]), pair_of(types[6], types[7]),
                                   pair_of(info.how, (info.inverted_flags & SctpInfo::ChunkTypes) != 0)});
}

// Case is folded for ASCII only: of other letters the kernel's tables don't agree with each other (bm_compute_prefix_tbl).
std::optional<NativeMatch> string(const ir::KernelMatch& match) {
    constexpr std::size_t kKnown = 8; // bytes of the pattern that the program compares
    auto info = info_of<xt_string_info>(match);
    const std::span pattern(info.pattern, std::min<std::size_t>(info.patlen, std::size(info.pattern)));
    const std::string_view algorithm(info.algo);
    const bool fold = info.u.v1.flags & XT_STRING_FLAG_IGNORECASE;
    if (pattern.empty() || (algorithm != "bm" && algorithm != "kmp") || info.from_offset > info.to_offset)
        return std::nullopt;
    if (fold && std::ranges::any_of(pattern, [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; }))
        return std::nullopt;
    if (fold)
        std::ranges::transform(pattern, pattern.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    const auto first = words_of(pattern.data(), std::min(pattern.size(), kKnown)).front();
    const auto span = static_cast<std::uint64_t>(info.to_offset - info.from_offset);
    const bool invert = info.u.v1.flags & XT_STRING_FLAG_INVERT;
    return call("rt_string",
                {first, std::uint64_t{info.from_offset} << XT_STRING_FROM | span << XT_STRING_SPAN |
                            std::uint64_t{pattern.size()} << XT_STRING_BYTES | std::uint64_t{fold} << XT_STRING_FOLD |
                            std::uint64_t{invert} << XT_STRING_INVERT});
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
    if (match.name == "cgroup") return cgroup(match);
    if (match.name == "rpfilter") return rpfilter(match);
    if (match.name == "bpf") return native_classic_bpf(match);
    if (match.name == "sctp") return sctp(match);
    if (match.name == "string") return string(match);
    if (match.name == "eui64") return call("rt_eui64", {});
    return native_header_match(match);
}

} // namespace xtbpf
