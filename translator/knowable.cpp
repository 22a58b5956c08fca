// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/knowable.hpp"

#include "translator/chains.hpp"

#include <algorithm>

namespace xtbpf {

namespace {

using ir::Field;

bool field_knowable(Field field) {
    switch (field) {
    case Field::Proto:
    case Field::L4State:
    case Field::FragOff:
    case Field::SourcePort:
    case Field::DestinationPort:
    case Field::TcpFlags:
    case Field::IcmpTypeCode:
    case Field::IpLength:
    case Field::Tos:
    case Field::Ttl:
    case Field::PacketType:
    case Field::MacValid:
    case Field::MacSourceHigh:
    case Field::MacSourceLow: return true;
    default: return false;
    }
}

struct Knowable {
    bool operator()(const ir::FieldTest& test) const { return field_knowable(test.field) && gate(test.gate); }
    bool operator()(const ir::AnyOf& any) const { return std::ranges::all_of(any.tests, *this); }
    bool operator()(const ir::AddressTest& test) const { return address(test.field) && gate(test.gate); }
    bool operator()(const ir::AddressRange& test) const { return address(test.field); }
    bool operator()(const ir::InterfaceTest&) const { return true; }
    bool operator()(const ir::ProtocolTest&) const { return true; }
    bool operator()(const ir::HeaderTest&) const { return true; }
    bool operator()(const ir::TcpOptionTest&) const { return true; }
    bool operator()(const ir::LimitTest&) const { return false; }
    bool operator()(const ir::CountTest&) const { return false; }
    bool operator()(const ir::KernelMatch&) const { return false; }
    bool operator()(const ir::BytesTest&) const { return false; }
    bool operator()(const ir::ExtensionTest&) const { return false; }
    bool operator()(const ir::TcpMssTest&) const { return false; }
    bool operator()(const ir::U32Test&) const { return false; }

    static bool gate(const std::optional<ir::Gate>& gate) { return !gate || field_knowable(gate->field); }
    static bool address(ir::AddressField field) { return field <= ir::AddressField::Destination; }
};

// Whatever stands behind it is only asked if it holds: it takes a token, or drops the packet by itself.
bool comes_first(const ir::Predicate& predicate) {
    return ir::keeps_state(predicate) || std::holds_alternative<ir::KernelMatch>(predicate) ||
           std::holds_alternative<ir::BytesTest>(predicate) || std::holds_alternative<ir::ExtensionTest>(predicate) ||
           std::holds_alternative<ir::TcpMssTest>(predicate);
}

ir::Rule defer_unknown(const ir::Rule& rule, Hook hook) {
    ir::Rule known{{}, rule.action, rule.slot};
    if (defers(rule.action)) known.action = kDefer;
    for (const ir::Predicate& predicate : rule.predicates) {
        if (knowable(predicate, hook))
            known.predicates.push_back(predicate);
        else
            known.action = kDefer;
        if (comes_first(predicate)) break;
    }
    return known;
}

} // namespace

bool knowable(const ir::Predicate& predicate, Hook hook) {
    if (hook == Hook::Output || hook == Hook::Postrouting) return false;
    return std::visit(Knowable{}, predicate);
}

bool defers(const ir::Action& action) { return std::holds_alternative<ir::HandOff>(action); }

ir::Table defer_unknown(const ir::Table& table, Hook hook) {
    ir::Table known = table;
    const auto root = builtin_chain(table, hook);
    if (!root) return known;
    for (std::uint32_t chain : live_chain_order(table, *root).entered)
        for (ir::Rule& rule : known.chains[chain].rules)
            rule = defer_unknown(rule, hook);
    return known;
}

ir::Table deferring(const ir::Table& table) {
    ir::Table stub{.family = table.family, .id = table.id, .chains = {}};
    for (const ir::Chain& chain : table.chains)
        if (chain.builtin) stub.chains.push_back({chain.name, chain.builtin, {{{}, kDefer, chain.builtin->slot}}});
    return stub;
}

} // namespace xtbpf
