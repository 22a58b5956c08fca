// SPDX-License-Identifier: GPL-2.0-or-later
// The predicates of the IR that read the packet's bytes, beyond what the view holds of them.
#pragma once

#include "translator/view.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xtbpf::ir {

struct Range {
    std::uint32_t low = 0, high = 0; // inclusive
    bool operator==(const Range&) const = default;
};

// IPv6 extension headers that ipv6_find_hdr finds; numbers index xt_view.ext_at.
enum class Extension : std::uint8_t {
    HopByHop = XT_EXT_HOP,
    Routing = XT_EXT_ROUTING,
    Fragment = XT_EXT_FRAGMENT,
    Authentication = XT_EXT_AUTH,
    Destination = XT_EXT_DEST
};
inline constexpr std::size_t kExtensions = XT_EXTENSIONS;

// Where offsets count from: one of the extension headers (a place below kExtensions; an ExtensionTest has to come first),
// or the transport header (xt_view.thoff).
struct Base {
    std::uint8_t place = kExtensions;
    constexpr Base() = default;
    constexpr Base(Extension extension) : place(static_cast<std::uint8_t>(extension)) {}
    bool transport() const { return place == kExtensions; }
    bool operator==(const Base&) const = default;
};

enum class Else : std::uint8_t { False, Hotdrop };

// ((`width` bytes at `offset` as a big endian number & mask) in any of ranges) != invert
struct BytesTest {
    Base base{};
    std::uint16_t offset = 0;
    std::uint8_t width = 1; // 1, 2 or 4
    std::uint32_t mask = ~0U;
    std::vector<Range> ranges;
    bool invert = false;
    Else missing = Else::Hotdrop; // bytes that the packet hasn't got
    Else unequal = Else::False;
    bool operator==(const BytesTest&) const = default;
};

// The header is here (IPv6; ipv6_find_hdr of net/ipv6/exthdrs_core.c). Where the search breaks off before it, as an extension
// header is cut: `broken`. With `whole`, all the bytes that its own length field claims have to be here, too.
struct ExtensionTest {
    Extension extension;
    Else broken = Else::False;
    bool whole = false;
    bool operator==(const ExtensionTest&) const = default;
};

// (low <= the TCP option MSS <= high) != invert; no such option: invert; no whole TCP header: hotdrop. Any fragment's bytes
// at thoff are taken for a header (net/netfilter/xt_tcpmss.c).
struct TcpMssTest {
    std::uint16_t low = 0, high = 0xFFFF;
    bool invert = false;
    bool operator==(const TcpMssTest&) const = default;
};

// The tests of net/netfilter/xt_u32.c, all of which must hold, != invert. Each begins with the 32 bits at its first operand;
// what the packet hasn't got makes it false.
struct U32Test {
    enum class Operator : std::uint8_t { And, ShiftLeft, ShiftRight, At };
    struct Step {
        Operator operation;
        std::uint32_t operand;
        bool operator==(const Step&) const = default;
    };
    struct One {
        std::uint32_t at = 0;
        std::vector<Step> steps;
        std::vector<Range> ranges; // one that runs backwards takes nothing
        bool operator==(const One&) const = default;
    };
    std::vector<One> tests;
    bool invert = false;
    bool operator==(const U32Test&) const = default;
};

} // namespace xtbpf::ir
