// SPDX-License-Identifier: GPL-2.0-or-later
// The typed IR: a rule is a conjunction of predicates over the packet view (view.h), in the order iptables evaluates them,
// and an action. Few primitives carry all matches; the extensions (frontend/extensions) lower themselves to these.
//
// A predicate is true, false or, like the kernel's matches, asks for a "hotdrop": the packet is dropped at once and no rule
// or policy counts it (net/ipv4/netfilter/ip_tables.c, ipt_do_table). Only ProtocolTest, HeaderTest, TcpOptionTest,
// KernelMatch and those of packet_tests.hpp can.
#pragma once

#include "translator/effect.hpp"
#include "translator/field.hpp"
#include "translator/packet_tests.hpp"
#include "translator/tables.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace xtbpf::ir {

using Slot = std::uint32_t; // index of a rule's counters; stable while the rule exists; see table.hpp

// When `field` < `at_least`, the predicate it guards isn't evaluated and yields `otherwise` (no conntrack entry, no socket).
struct Gate {
    Field field;
    std::uint32_t at_least = 1;
    bool otherwise = false;
    bool operator==(const Gate&) const = default;
};

// ((field & mask) in any of ranges) != invert
struct FieldTest {
    Field field;
    std::uint32_t mask = ~0U;
    std::vector<Range> ranges;
    bool invert = false;
    std::optional<Gate> gate{};
    bool operator==(const FieldTest&) const = default;
};

// (any of tests) != invert; `multiport --ports`, `icmp-type` with `!`
struct AnyOf {
    std::vector<FieldTest> tests;
    bool invert = false;
    bool operator==(const AnyOf&) const = default;
};

// ((address & mask) == value) != invert; value has no bits outside mask
struct AddressTest {
    AddressField field;
    Words value{}, mask{};
    bool invert = false;
    std::optional<Gate> gate{};
    bool operator==(const AddressTest&) const = default;
};

// (low <= address <= high) != invert, compared as 128-bit numbers
struct AddressRange {
    AddressField field;
    Words low{}, high{};
    bool invert = false;
    bool operator==(const AddressRange&) const = default;
};

enum class Direction : std::uint8_t { In, Out };

// ((device name & mask) == name) != invert, over 16 bytes; `eth+` has a mask over the bytes before the `+`, an exact
// name covers its final zero too (net/ipv4/netfilter/ip_tables.c, ip_packet_match, ifname_compare_aligned)
struct InterfaceTest {
    Direction direction;
    std::array<std::uint8_t, 16> name{}, mask{};
    bool invert = false;
    bool operator==(const InterfaceTest&) const = default;
};

// `-p`: (proto == protocol) != invert. IPv6: where no transport header can be found (XT_L4_BROKEN), a hotdrop
// (net/ipv6/netfilter/ip6_tables.c, ip6_packet_match)
struct ProtocolTest {
    std::uint8_t protocol;
    bool invert = false;
    bool operator==(const ProtocolTest&) const = default;
};

// The transport header's first `bytes` bytes must be here. A later fragment: false (hotdrop if `drop_offset_one` and
// frag_off == 1, as xt_tcp does). Fewer bytes left in the packet: hotdrop.
struct HeaderTest {
    std::uint32_t bytes;
    bool drop_offset_one = false;
    bool operator==(const HeaderTest&) const = default;
};

// TCP option `kind` present != invert; data offset < 5 or options cut off: hotdrop (net/netfilter/xt_tcpudp.c, tcp_find_option)
struct TcpOptionTest {
    std::uint8_t kind;
    bool invert = false;
    bool operator==(const TcpOptionTest&) const = default;
};

// Token bucket of net/netfilter/xt_limit.c. avg as struct xt_rateinfo: one token every avg / 10000 seconds; burst in tokens.
// limit.hpp has its arithmetic.
// The state belongs to the rule: its index is LimitTest's ordinal in the rule beside the rule's slot.
struct LimitTest {
    std::uint32_t avg = 0, burst = 0;
    std::uint32_t state = 0; // index of the state, stable while the rule exists; see table.hpp
    bool operator==(const LimitTest&) const = default;
};

// A count of the rule's own (net/netfilter/xt_statistic.c, xt_quota.c), != invert. Its state is kept as LimitTest's is.
struct CountTest {
    enum class Kind : std::uint8_t {
        Nth,  // of every `most` packets the one numbered `packet`, from 0
        Quota // until packets of `most` bytes together have passed; the first that is too long ends it
    };
    Kind kind = Kind::Nth;
    bool invert = false;
    std::uint64_t most = 0;
    std::uint32_t packet = 0;
    std::uint32_t state = 0; // as in LimitTest
    bool operator==(const CountTest&) const = default;
};

// Hand-in: evaluated by the kernel's own xt match, when and only when the traversal gets here.
struct KernelMatch {
    std::string name; // as registered with x_tables: "addrtype"
    std::uint8_t revision = 0;
    std::vector<std::uint8_t> info; // the match's private structure, XT_ALIGNed size
    std::uint8_t protocol = 0;      // `-p` of the rule, for matches whose checkentry asks for it; 0: none
    bool tied = false;              // the kernel takes it only in tables of iptables' own names
    bool operator==(const KernelMatch&) const = default;
};

using Predicate =
    std::variant<FieldTest, AnyOf, AddressTest, AddressRange, InterfaceTest, ProtocolTest, HeaderTest, TcpOptionTest,
                 LimitTest, CountTest, KernelMatch, BytesTest, ExtensionTest, TcpMssTest, U32Test>;

// Where the index of the predicate's state is; nullptr if it keeps none.
inline std::uint32_t* state_of(Predicate& predicate) {
    if (auto* limit = std::get_if<LimitTest>(&predicate)) return &limit->state;
    if (auto* count = std::get_if<CountTest>(&predicate)) return &count->state;
    return nullptr;
}
inline bool keeps_state(const Predicate& predicate) {
    return std::holds_alternative<LimitTest>(predicate) || std::holds_alternative<CountTest>(predicate);
}

struct Accept {
    bool operator==(const Accept&) const = default;
};
struct Drop {
    bool operator==(const Drop&) const = default;
};
struct Return {
    bool operator==(const Return&) const = default;
};
struct Continue {
    bool operator==(const Continue&) const = default;
}; // a rule without a target: counts
struct Jump {
    std::uint32_t chain; // index into Table::chains, of a user chain
    bool is_goto = false;
    bool operator==(const Jump&) const = default;
};
// The kernel performs the effect, in order with the traversal's other effects; after() says how the traversal goes on.
struct HandOff {
    Effect effect;
    bool operator==(const HandOff&) const = default;
};
using Action = std::variant<Accept, Drop, Return, Continue, Jump, HandOff>;

struct Rule {
    std::vector<Predicate> predicates;
    Action action = Continue{};
    Slot slot = 0;
};

struct Builtin {
    Hook hook;
    bool accept = true; // policy
    Slot slot = 0;      // the policy's counters
};

struct Chain {
    std::string name;
    std::optional<Builtin> builtin;
    std::vector<Rule> rules;
};

struct Table {
    Family family = Family::V4;
    TableId id = TableId::Filter;
    std::vector<Chain> chains;
};

// One rule or chain per line; the golden files of tests/golden hold this text.
std::string dump(const Table& table);

} // namespace xtbpf::ir
