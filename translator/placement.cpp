// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/placement.hpp"

#include "translator/chains.hpp"

namespace xtbpf {

namespace {

using ir::Field;

// Adds what each predicate and action reads.
class Collector {
  public:
    explicit Collector(ViewNeeds& needs) : needs_(needs) {}

    void rule(const ir::Rule& rule) {
        for (const ir::Predicate& predicate : rule.predicates)
            std::visit(*this, predicate);
        needs_.effects |= std::holds_alternative<ir::HandOff>(rule.action);
    }

    void operator()(const ir::FieldTest& test) {
        gate(test.gate);
        field(test.field);
    }
    void operator()(const ir::AnyOf& any) {
        for (const ir::FieldTest& test : any.tests)
            (*this)(test);
    }
    void operator()(const ir::AddressTest& test) {
        gate(test.gate);
        address(test.field);
    }
    void operator()(const ir::AddressRange& test) { address(test.field); }
    void operator()(const ir::InterfaceTest& test) {
        (test.direction == ir::Direction::In ? needs_.in_name : needs_.out_name) = true;
        needs_.out_device |= needs_.out_name;
    }
    void operator()(const ir::ProtocolTest&) { needs_.transport = true; }
    void operator()(const ir::HeaderTest&) { needs_.transport = true; }
    void operator()(const ir::TcpOptionTest&) { needs_.transport = needs_.tcp_options = true; }
    void operator()(const ir::LimitTest&) { needs_.limits = true; }
    void operator()(const ir::CountTest&) { needs_.limits = true; }
    void operator()(const ir::KernelMatch&) { needs_.kernel_matches = true; }
    void operator()(const ir::BytesTest&) { needs_.transport = true; }
    void operator()(const ir::ExtensionTest&) { needs_.transport = true; }
    void operator()(const ir::TcpMssTest&) { needs_.transport = true; }
    void operator()(const ir::U32Test&) {}

  private:
    void gate(const std::optional<ir::Gate>& gate) {
        if (gate) field(gate->field);
    }

    void address(ir::AddressField field) {
        if (field >= ir::AddressField::CtOrigSource) needs_.conntrack = needs_.conntrack_tuples = true;
    }

    void field(Field field) {
        switch (field) {
        case Field::Proto:
        case Field::L4State:
        case Field::FragOff:
        case Field::SourcePort:
        case Field::DestinationPort:
        case Field::TcpFlags:
        case Field::IcmpTypeCode: needs_.transport = true; return;
        case Field::ExtensionHeaders: needs_.ext_headers = true; return;
        case Field::IpLength:
        case Field::Tos:
        case Field::Ttl:
        case Field::Mark:
        case Field::Cpu:
        case Field::Random:
        case Field::Realm:
        case Field::InGroup:
        case Field::FullSocket:
        case Field::SocketClass: return;
        case Field::OutGroup: needs_.out_device = true; return;
        case Field::PacketType: needs_.packet_type = true; return;
        case Field::MacValid:
        case Field::MacSourceHigh:
        case Field::MacSourceLow: needs_.mac = true; return;
        case Field::Owner:
        case Field::Uid:
        case Field::Gid: needs_.owner = true; return;
        case Field::CtPresent:
        case Field::CtState:
        case Field::CtStatus:
        case Field::CtMark:
        case Field::CtDirection: needs_.conntrack = true; return;
        case Field::CtExpires: needs_.conntrack = needs_.conntrack_expiry = true; return;
        case Field::CtProto:
        case Field::CtOrigSourcePort:
        case Field::CtOrigDestinationPort:
        case Field::CtReplySourcePort:
        case Field::CtReplyDestinationPort: needs_.conntrack = needs_.conntrack_tuples = true; return;
        }
    }

    ViewNeeds& needs_;
};

} // namespace

ViewNeeds view_needs(const ir::Rule& rule) {
    ViewNeeds needs;
    Collector(needs).rule(rule);
    return needs;
}

ViewNeeds view_needs(const ir::Table& table, Hook hook) {
    ViewNeeds needs;
    Collector collector(needs);
    const auto root = builtin_chain(table, hook);
    if (!root) return needs;
    for (std::uint32_t chain : live_chain_order(table, *root).entered)
        for (const ir::Rule& rule : table.chains[chain].rules) {
            collector.rule(rule);
            if (ends_chain(rule)) break;
        }
    return needs;
}

bool needs_conntrack(const ir::Table& table) {
    ViewNeeds needs;
    Collector collector(needs);
    for (const ir::Chain& chain : table.chains)
        for (const ir::Rule& rule : chain.rules)
            collector.rule(rule);
    return needs.conntrack;
}

} // namespace xtbpf
