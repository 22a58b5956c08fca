// SPDX-License-Identifier: GPL-2.0-or-later
// One predicate against one packet: the second half of interpreter.hpp.
#include "translator/evaluate_bytes.hpp"
#include "translator/interpreter.hpp"

#include <algorithm>
#include <cstring>

namespace xtbpf {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t kTcpHeader = 20;
constexpr std::uint8_t kEndOfOptions = 0, kNoOperation = 1; // the two TCP options without a length byte

Outcome outcome(bool holds) { return holds ? Outcome::True : Outcome::False; }

ir::Words read_words(const xt_view& view, ir::AddressField field) {
    ir::Words words;
    std::memcpy(words.data(), reinterpret_cast<const std::uint8_t*>(&view) + ir::layout(field).offset, sizeof words);
    return words;
}

std::uint32_t read(const xt_view& view, const Environment& env, ir::Field field) {
    if (ir::is_lazy(field) && env.lazy_field) return env.lazy_field(field);
    return ir::read(view, field);
}

// The gate's answer where it closes; nullopt where the predicate itself is to be asked.
std::optional<bool> gated(const std::optional<ir::Gate>& gate, const xt_view& view, const Environment& env) {
    if (!gate || read(view, env, gate->field) >= gate->at_least) return std::nullopt;
    return gate->otherwise;
}

bool holds(const ir::FieldTest& test, const xt_view& view, const Environment& env) {
    if (const auto answer = gated(test.gate, view, env)) return *answer;
    const std::uint32_t value = read(view, env, test.field) & test.mask;
    return std::ranges::any_of(test.ranges, [&](const ir::Range& range) {
               return range.low <= value && value <= range.high;
           }) != test.invert;
}

bool holds(const ir::AddressTest& test, const xt_view& view, const Environment& env) {
    if (const auto answer = gated(test.gate, view, env)) return *answer;
    ir::Words words = read_words(view, test.field);
    for (std::size_t word = 0; word < words.size(); ++word)
        words[word] &= test.mask[word];
    return (words == test.value) != test.invert;
}

bool holds(const ir::AddressRange& test, const xt_view& view, const Environment&) {
    const ir::Words words = read_words(view, test.field); // std::array compares from the most significant word on
    return (test.low <= words && words <= test.high) != test.invert;
}

bool holds(const ir::InterfaceTest& test, const xt_view& view, const Environment&) {
    const std::uint8_t* name = test.direction == ir::Direction::In ? view.in_name : view.out_name;
    bool equal = true;
    for (std::size_t at = 0; at < test.name.size(); ++at)
        equal &= (name[at] & test.mask[at]) == test.name[at];
    return equal != test.invert;
}

// ip_packet_match and ip6_packet_match (net/ipv4/netfilter/ip_tables.c, net/ipv6/netfilter/ip6_tables.c)
Outcome answer(const ir::ProtocolTest& test, Family family, const xt_view& view) {
    if (family == Family::V6 && view.l4 == XT_L4_BROKEN) return Outcome::Hotdrop;
    return outcome((view.proto == test.protocol) != test.invert);
}

// tcp_mt, udp_mt, icmp_match, multiport_mt: the fragment first, then skb_header_pointer
Outcome answer(const ir::HeaderTest& test, const xt_view& view) {
    if (view.frag_off != 0) return test.drop_offset_one && view.frag_off == 1 ? Outcome::Hotdrop : Outcome::False;
    return view.l4_avail < test.bytes ? Outcome::Hotdrop : Outcome::True;
}

// tcp_find_option (net/netfilter/xt_tcpudp.c). An option's kind is looked at before End-of-options could stop anything
// (it doesn't), and a length of 0 steps by one.
Outcome answer(const ir::TcpOptionTest& test, const xt_view& view, Bytes bytes) {
    const std::uint32_t header = view.tcp_doff * 4U;
    if (header == kTcpHeader) return outcome(test.invert); // no options: nothing is read
    if (header < kTcpHeader || view.l4_avail < header || bytes.size() < view.thoff + std::size_t{header})
        return Outcome::Hotdrop;
    const Bytes options = bytes.subspan(view.thoff, header).subspan(kTcpHeader);
    for (std::size_t at = 0; at < options.size();) {
        if (options[at] == test.kind) return outcome(!test.invert);
        const bool lone = options[at] == kEndOfOptions || options[at] == kNoOperation || at + 1 == options.size();
        at += lone ? 1 : std::max<std::size_t>(options[at + 1], 1);
    }
    return outcome(test.invert);
}

struct Evaluator {
    Family family;
    const xt_view& view;
    Bytes bytes;
    const Environment& env;

    Outcome operator()(const ir::AnyOf& any) const {
        return outcome(std::ranges::any_of(
                           any.tests, [&](const ir::FieldTest& test) { return holds(test, view, env); }) != any.invert);
    }
    Outcome operator()(const ir::ProtocolTest& test) const { return answer(test, family, view); }
    Outcome operator()(const ir::HeaderTest& test) const { return answer(test, view); }
    Outcome operator()(const ir::TcpOptionTest& test) const { return answer(test, view, bytes); }
    Outcome operator()(const ir::LimitTest& test) const { return outcome(!env.limit || env.limit(test)); }
    Outcome operator()(const ir::CountTest& test) const {
        return outcome((!env.count || env.count(test)) != test.invert);
    }
    Outcome operator()(const ir::KernelMatch& match) const {
        return outcome(!env.kernel_match || env.kernel_match(match));
    }
    Outcome operator()(const ir::BytesTest& test) const { return evaluate(test, view, bytes); }
    Outcome operator()(const ir::ExtensionTest& test) const { return evaluate(test, view, bytes); }
    Outcome operator()(const ir::TcpMssTest& test) const { return evaluate(test, view, bytes); }
    Outcome operator()(const ir::U32Test& test) const { return evaluate(test, bytes); }
    template <typename Test> Outcome operator()(const Test& test) const { return outcome(holds(test, view, env)); }
};

} // namespace

Outcome evaluate(const ir::Predicate& predicate, Family family, const xt_view& view, Bytes bytes,
                 const Environment& env) {
    return std::visit(Evaluator{family, view, bytes, env}, predicate);
}

} // namespace xtbpf
