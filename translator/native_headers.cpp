// SPDX-License-Identifier: GPL-2.0-or-later
// The matches on IPv6 extension headers, of their packets the well-formed ones. What becomes of others depends on the kernel: since
// 2026 it drops those whose header says to be longer than the packet is.
#include "translator/kernel_info_of.hpp"
#include "translator/native_match.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_ah.h>
#include <linux/netfilter_ipv6/ip6t_opts.h>
#include <linux/netfilter_ipv6/ip6t_rt.h>
#include <linux/netfilter_ipv6/ip6t_srh.h>

namespace xtbpf {

namespace {

using ir::Extension;
using Tests = std::vector<ir::Predicate>;

constexpr std::uint16_t kLengthByte = 1;

// (low <= `width` bytes <= high) != invert; a range that runs backwards takes nothing
ir::BytesTest range(Extension header, std::size_t offset, std::uint8_t width, std::uint64_t low, std::uint64_t high,
                    bool invert = false) {
    const std::uint64_t most = (1ULL << 8U * width) - 1;
    ir::BytesTest test{
        .base = header, .offset = static_cast<std::uint16_t>(offset), .width = width, .ranges = {}, .invert = invert};
    high = std::min(high, most);
    if (low <= high) test.ranges.push_back({static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(high)});
    return test;
}

ir::BytesTest equal(Extension header, std::size_t offset, std::uint8_t width, std::uint64_t value,
                    bool invert = false) {
    return range(header, offset, width, value, value, invert);
}

// The header's length, in units of `unit` bytes beside the first `first` (ipv6_optlen, ipv6_authlen).
ir::BytesTest length(Extension header, std::uint32_t unit, std::uint32_t first, std::uint32_t bytes, bool invert) {
    constexpr std::uint32_t kNever = 0x100;
    const bool possible = bytes >= first && bytes % unit == 0;
    return equal(header, kLengthByte, 1, possible ? (bytes - first) / unit : kNever, invert);
}

NativeMatch answer(Extension header) {
    NativeMatch native;
    native.header = {.extension = header,
                     .sure = {ir::ExtensionTest{.extension = header, .whole = true}},
                     .tests = {},
                     .asks_then = false};
    return native;
}

// ah_mt6 of net/ipv6/netfilter/ip6t_ah.c
NativeMatch ah(const ir::KernelMatch& match) {
    constexpr Extension kHeader = Extension::Authentication;
    const auto info = info_of<ip6t_ah>(match);
    NativeMatch native = answer(kHeader);
    Tests& tests = native.header->tests;
    native.header->sure.push_back(range(kHeader, 11, 1, 0, 0xFF)); // struct ip_auth_hdr is here
    tests.push_back(range(kHeader, 4, 4, info.spis[0], info.spis[1], info.invflags & IP6T_AH_INV_SPI));
    if (info.hdrlen != 0) tests.push_back(length(kHeader, 4, 8, info.hdrlen, info.invflags & IP6T_AH_INV_LEN));
    if (info.hdrres != 0) tests.push_back(equal(kHeader, 2, 2, 0));
    return native;
}

// rt_mt6 of net/ipv6/netfilter/ip6t_rt.c; a list of addresses that needn't follow each other is the kernel's
NativeMatch rt(const ir::KernelMatch& match) {
    constexpr Extension kHeader = Extension::Routing;
    constexpr std::size_t kFirstAddress = 8, kWords = 4; // of an address
    const auto info = info_of<ip6t_rt>(match);
    NativeMatch native = answer(kHeader);
    Tests& tests = native.header->tests;
    tests.push_back(range(kHeader, 3, 1, info.segsleft[0], info.segsleft[1], info.invflags & IP6T_RT_INV_SGS));
    if (info.flags & IP6T_RT_LEN) tests.push_back(length(kHeader, 8, 8, info.hdrlen, info.invflags & IP6T_RT_INV_LEN));
    if (info.flags & IP6T_RT_TYP) tests.push_back(equal(kHeader, 2, 1, info.rt_type, info.invflags & IP6T_RT_INV_TYP));
    if (info.flags & IP6T_RT_RES) tests.push_back(equal(kHeader, 4, 4, 0));
    if (!(info.flags & IP6T_RT_FST)) return native;
    native.header->asks_then = info.flags & IP6T_RT_FST_NSTRICT;
    if (native.header->asks_then) return native;
    const std::uint32_t count = std::min<std::uint32_t>(info.addrnr, IP6T_RT_HOPS);
    tests.push_back(range(kHeader, kLengthByte, 1, 2 * count, 2 * count + 1)); // half an address more doesn't count
    for (std::size_t at = 0; at < kWords * count; ++at)
        tests.push_back(
            equal(kHeader, kFirstAddress + 4 * at, 4, ntohl(info.addrs[at / kWords].s6_addr32[at % kWords])));
    return native;
}

// hbh_mt6 of net/ipv6/netfilter/ip6t_hbh.c; options behind one of any length are the kernel's
NativeMatch options(const ir::KernelMatch& match, Extension header) {
    constexpr std::uint32_t kAnyLength = 0xFF;
    const auto info = info_of<ip6t_opts>(match);
    NativeMatch native = answer(header);
    Tests& tests = native.header->tests;
    if (info.flags & IP6T_OPTS_LEN)
        tests.push_back(length(header, 8, 8, info.hdrlen, info.invflags & IP6T_OPTS_INV_LEN));
    if (!(info.flags & IP6T_OPTS_OPTS)) return native;
    const std::uint32_t count = std::min<std::uint32_t>(info.optsnr, IP6T_OPTS_OPTSNR);
    std::uint32_t at = 2, needed = 0; // bytes of the header
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t type = info.opts[i] >> 8U, bytes = info.opts[i] & 0xFFU;
        const bool padding = type == 0; // a single byte
        needed = at + (padding ? 1 : 2);
        tests.push_back(equal(header, at, 1, type));
        if (!padding && bytes != kAnyLength) tests.push_back(equal(header, at + 1, 1, bytes));
        if (i + 1 == count) break; // of the last the length may say too much
        native.header->asks_then = !padding && bytes == kAnyLength;
        if (native.header->asks_then) break;
        at += padding ? 1 : bytes + 2;
    }
    native.header->sure.push_back(range(header, kLengthByte, 1, (needed - 1) / 8, 0xFF)); // that many are in the header
    return native;
}

// srh1_mt6 of net/ipv6/netfilter/ip6t_srh.c, but for segments: what holds so far is asked for
NativeMatch srh(const ir::KernelMatch& match) {
    constexpr Extension kHeader = Extension::Routing;
    constexpr std::uint32_t kSegmentRouting = 4; // IPV6_SRCRT_TYPE_4
    const auto info = info_of<ip6t_srh1>(match);
    NativeMatch native = answer(kHeader);
    Tests& tests = native.header->tests;
    native.header->asks_then = true;
    tests.push_back(equal(kHeader, 2, 1, kSegmentRouting));
    const auto test = [&](std::uint16_t flag, const ir::BytesTest& positive) {
        if (!(info.mt_flags & flag)) return;
        tests.push_back(positive);
        std::get<ir::BytesTest>(tests.back()).invert = info.mt_invflags & flag;
    };
    const auto compare = [&](std::uint16_t first_flag, std::size_t offset, std::uint64_t value) { // _EQ, _GT, _LT
        test(first_flag, equal(kHeader, offset, 1, value));
        test(static_cast<std::uint16_t>(first_flag << 1U), range(kHeader, offset, 1, value + 1, 0xFF));
        test(static_cast<std::uint16_t>(first_flag << 2U),
             value == 0 ? range(kHeader, offset, 1, 1, 0) : range(kHeader, offset, 1, 0, value - 1));
    };
    test(IP6T_SRH_NEXTHDR, equal(kHeader, 0, 1, info.next_hdr));
    compare(IP6T_SRH_LEN_EQ, 1, info.hdr_len);
    compare(IP6T_SRH_SEGS_EQ, 3, info.segs_left);
    compare(IP6T_SRH_LAST_EQ, 4, info.last_entry);
    test(IP6T_SRH_TAG, equal(kHeader, 6, 2, ntohs(info.tag))); // compared as it lies in memory
    return native;
}

} // namespace

std::optional<NativeMatch> native_header_match(const ir::KernelMatch& match) {
    if (match.name == "ah") return ah(match);
    if (match.name == "rt") return rt(match);
    if (match.name == "hbh") return options(match, Extension::HopByHop);
    if (match.name == "dst") return options(match, Extension::Destination);
    if (match.name == "srh") return srh(match);
    return std::nullopt;
}

} // namespace xtbpf
