// SPDX-License-Identifier: GPL-2.0-or-later
// Effects: what only the kernel can do to a packet. A program decides that one is due, the anchor has it done (hand-off,
// kmod-shim/anchor.hpp), by an expression of nf_tables or by the kernel's own xt target. Numbers as in the kernel's uapi headers.
#pragma once

#include "translator/field.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace xtbpf::ir {

// What an effect writes and a predicate may read later in the same traversal; bits of a Touched.
enum class Touch : std::uint16_t {
    Mark = 1 << 0,
    ConntrackMark = 1 << 1,
    Conntrack = 1 << 2, // state of the connection, other than its mark
    Tos = 1 << 3,
    Ttl = 1 << 4,
    Transport = 1 << 5, // ports, flags, options
    Length = 1 << 6,
    Addresses = 1 << 7,
    Payload = 1 << 8, // bytes that are read as such; whatever changes the packet writes it too
    Kernel = 1 << 9,  // state of the kernel that a BPF function looks up when asked
};
using Touched = std::uint16_t;
constexpr Touched touched(Touch bit) { return static_cast<Touched>(bit); }
template <typename... More> constexpr Touched touched(Touch bit, More... more) {
    return static_cast<Touched>(touched(bit) | touched(more...));
}

enum class After : std::uint8_t {
    Next,  // the next rule
    Ends,  // the kernel's verdict; if it gives none, the packet is dropped
    Waits, // the kernel may give a verdict or not: the traversal goes on only once it has been performed
};

// REJECT: ends with a drop.
struct RejectEffect {
    bool tcp_reset = false;
    std::uint8_t icmp_code = 3; // ICMP or ICMPv6 unreachable code
    bool operator==(const RejectEffect&) const = default;
};

struct LogEffect {
    std::string prefix;     // at most 29 bytes
    std::uint8_t level = 4; // syslog level
    std::uint8_t flags = 0; // NF_LOG_*
    bool operator==(const LogEffect&) const = default;
};

// The kernel's own xt target.
struct KernelTarget {
    std::string name; // as registered with x_tables: "MARK"
    std::uint8_t revision = 0;
    std::vector<std::uint8_t> info; // the target's private structure, XT_ALIGNed size
    After after = After::Next;
    Touched writes = 0;
    std::uint8_t protocol = 0; // `-p` of the rule, for targets whose checkentry asks for it; 0: none
    bool tied = false;         // the kernel takes it only in a table of iptables' own name (struct xt_target, table)
    bool operator==(const KernelTarget&) const = default;
};

// DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP: ends with an accept (struct nf_nat_range2).
struct NatEffect {
    enum class Kind : std::uint8_t {
        Source,
        Destination,
        Masquerade,
        Redirect,
        Network, // NETMAP: of the source at POSTROUTING and INPUT, of the destination at PREROUTING and OUTPUT
    };
    struct Addresses {
        Words low{}, high{}; // as in AddressField
        bool operator==(const Addresses&) const = default;
    };
    struct Ports { // or ICMP ids
        std::uint16_t low = 0, high = 0;
        bool operator==(const Ports&) const = default;
    };
    Kind kind = Kind::Source;
    std::optional<Addresses> addresses{}; // of Source, Destination and Network
    std::optional<Ports> ports{};
    // NF_NAT_RANGE_PROTO_RANDOM, _PROTO_RANDOM_FULLY, _PERSISTENT, _NETMAP; _PROTO_OFFSET, with a base of 0
    std::uint32_t flags = 0;
    bool operator==(const NatEffect&) const = default;
};

// tos = (tos & ~mask) ^ value: TOS, DSCP (net/netfilter/xt_DSCP.c, tos_tg); IPv6: the traffic class.
struct TosEffect {
    std::uint8_t mask = 0xff, value = 0;
    bool operator==(const TosEffect&) const = default;
};

// TTL and HL; steps stop at 0 and 255 (net/netfilter/xt_HL.c).
struct TtlEffect {
    enum class Kind : std::uint8_t { Set, Increase, Decrease };
    Kind kind = Kind::Set;
    std::uint8_t value = 0;
    bool operator==(const TtlEffect&) const = default;
};

// ECN --ecn-tcp-remove, --ecn-tcp-cwr, --ecn-tcp-ece: the two flags of the TCP header (net/ipv4/netfilter/ipt_ECN.c);
// --ecn-ip-ect alone is a TosEffect; beside these it comes first.
struct TcpEcnEffect {
    std::optional<bool> cwr{}, ece{};
    std::optional<std::uint8_t> ect{}; // the lower two bits of the TOS byte
    bool operator==(const TcpEcnEffect&) const = default;
};

// TPROXY: ends; a packet without a socket is dropped (net/netfilter/xt_TPROXY.c).
struct TproxyEffect {
    std::optional<Words> address{};              // absent: the primary one of the device
    std::uint16_t port = 0;                      // 0: the packet's
    std::uint32_t mark_mask = 0, mark_value = 0; // mark = (mark & ~mask) ^ value
    bool operator==(const TproxyEffect&) const = default;
};

// CONNSECMARK: the packet's security mark to a connection that has none, or the other way round.
struct SecurityMarkEffect {
    bool save = false; // to the connection
    bool operator==(const SecurityMarkEffect&) const = default;
};

// NOTRACK, CT --notrack.
struct NotrackEffect {
    bool operator==(const NotrackEffect&) const = default;
};

// CT --zone, --zone-orig, --zone-reply.
struct ZoneEffect {
    enum class Direction : std::uint8_t { Both, Original, Reply };
    Direction direction = Direction::Both;
    std::optional<std::uint16_t> zone{}; // absent: the low 16 bits of the packet's mark
    bool operator==(const ZoneEffect&) const = default;
};

// TRACE: nf_tables tells its listeners of the packet's way from here on.
struct TraceEffect {
    bool operator==(const TraceEffect&) const = default;
};

using Effect = std::variant<RejectEffect, LogEffect, KernelTarget, NatEffect, TosEffect, TtlEffect, TcpEcnEffect,
                            TproxyEffect, NotrackEffect, ZoneEffect, SecurityMarkEffect, TraceEffect>;

After after(const Effect& effect);
bool ends(const Effect& effect); // whether the traversal is over then
Touched writes(const Effect& effect);

// On one line, every part of it: two effects are equal if and only if their texts are.
std::string dump(const Effect& effect);

} // namespace xtbpf::ir
