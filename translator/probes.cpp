// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/probes.hpp"

#include "translator/chains.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace xtbpf {

namespace {

// Sets what one predicate reads so that it holds (`met`), or so that it just misses: the neighbour of a boundary.
struct Aim {
    xt_view& view;
    std::size_t words; // of an address
    bool met;

    void field(const ir::FieldTest& test, bool inside) const {
        if (test.gate) write(view, test.gate->field, test.gate->at_least);
        if (test.ranges.empty()) return;
        const ir::Range& range = test.ranges.back();
        const std::uint32_t outside = range.high != ~0U ? range.high + 1 : range.low - 1;
        const std::uint32_t kept = ir::read(view, test.field) & ~test.mask; // bits the test doesn't read
        write(view, test.field, kept | ((inside ? range.high : outside) & test.mask));
    }
    void operator()(const ir::FieldTest& test) const { field(test, met != test.invert); }
    void operator()(const ir::AnyOf& any) const {
        const bool inside = met != any.invert;
        for (const ir::FieldTest& test : any.tests)
            field(test, inside != test.invert);
    }
    void operator()(const ir::AddressTest& test) const {
        if (test.gate) write(view, test.gate->field, test.gate->at_least);
        ir::Words address = test.value;
        if (met == test.invert)
            for (std::size_t word = words; word-- > 0;)
                if (test.mask[word] != 0) {
                    address[word] ^= test.mask[word] & -test.mask[word]; // the last bit that counts
                    break;
                }
        write(view, test.field, address);
    }
    void operator()(const ir::AddressRange& range) const {
        ir::Words address = range.high;
        if (met == range.invert)
            for (std::size_t word = words; word-- > 0;)
                if (++address[word] != 0) break;
        write(view, range.field, address);
    }
    void operator()(const ir::InterfaceTest& test) const {
        auto* name = test.direction == ir::Direction::In ? view.in_name : view.out_name;
        std::memcpy(name, test.name.data(), test.name.size());
        if (met == test.invert) name[0] ^= 1;
    }
    void operator()(const ir::ProtocolTest& test) const {
        view.l4 = XT_L4_OK;
        view.proto = static_cast<std::uint8_t>(met != test.invert ? test.protocol : test.protocol + 1);
    }
    void operator()(const ir::HeaderTest& test) const {
        view.l4_avail = met ? std::max(view.l4_avail, test.bytes) : test.bytes - 1;
    }
    void operator()(const ir::TcpOptionTest&) const { view.tcp_doff = met ? 5 : 4; }
    void operator()(const ir::LimitTest&) const {}
    void operator()(const ir::CountTest&) const {}
    void operator()(const ir::KernelMatch&) const {}
    // The probes have no bytes: of these only what the bytes' absence means is met.
    void operator()(const ir::BytesTest&) const {}
    void operator()(const ir::ExtensionTest& test) const {
        view.ext_at[static_cast<std::size_t>(test.extension)] = met ? 40 : 0; // right behind the IPv6 header
        view.ext_broken = !met;
    }
    void operator()(const ir::TcpMssTest&) const {}
    void operator()(const ir::U32Test&) const {}
};

xt_view plain_packet() {
    xt_view view{};
    view.len = view.ip_len = 60;
    view.l4_avail = 40;
    view.proto = 6;
    view.ttl = 64;
    view.tcp_doff = 5;
    view.ct_state = 1;
    return view;
}

} // namespace

std::vector<xt_view> probes(const ir::Table& table, Hook hook, std::size_t limit) {
    std::vector<const ir::Rule*> rules;
    std::size_t wanted = 1;
    for (std::uint32_t chain : chain_order(table, *builtin_chain(table, hook)).entered)
        for (const ir::Rule& rule : table.chains[chain].rules) {
            rules.push_back(&rule);
            wanted += 1 + rule.predicates.size();
        }
    const std::size_t words = table.family == Family::V4 ? 1 : 4;
    const std::size_t step = wanted / limit + 1;
    std::vector<xt_view> views{plain_packet()};
    for (std::size_t index = 0; index < rules.size(); index += step) {
        const std::vector<ir::Predicate>& predicates = rules[index]->predicates;
        for (std::size_t missed = 0; missed <= predicates.size(); ++missed) { // == size(): none
            xt_view view = plain_packet();
            for (std::size_t at = 0; at < predicates.size(); ++at)
                if (at != missed) std::visit(Aim{view, words, true}, predicates[at]);
            if (missed < predicates.size()) std::visit(Aim{view, words, false}, predicates[missed]);
            views.push_back(view);
        }
    }
    return views;
}

std::string describe(const xt_view& view, Family family) {
    const auto address = [family](const std::uint32_t* words) {
        if (family == Family::V4)
            return fmt::format("{}.{}.{}.{}", words[0] >> 24U, words[0] >> 16U & 255U, words[0] >> 8U & 255U,
                               words[0] & 255U);
        std::string text;
        for (int group = 0; group < 8; ++group)
            text +=
                fmt::format("{}{:x}", group == 0 ? "" : ":", words[group / 2] >> (group % 2 == 0 ? 16U : 0U) & 0xffffU);
        return text;
    };
    const auto device = [](const std::uint8_t* name) {
        return std::string(reinterpret_cast<const char*>(name), ::strnlen(reinterpret_cast<const char*>(name), 16));
    };
    return fmt::format(
        "a packet from {} to {}, protocol {}, ports {} and {}, TCP flags {:#x}, length {}, in '{}' out '{}', mark "
        "{:#x}, conntrack state {:#x} (view: proto {} l4 {} frag {} avail {} ttl {} tos {:#x})",
        address(view.saddr), address(view.daddr), view.proto, view.sport, view.dport, view.tcp_flags, view.len,
        device(view.in_name), device(view.out_name), view.mark, view.ct_state, view.proto, view.l4, view.frag_off,
        view.l4_avail, view.ttl, view.tos);
}

} // namespace xtbpf
