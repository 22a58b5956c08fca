// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/reads.hpp"

namespace xtbpf {

namespace {

using ir::Field;
using ir::Touch;
using ir::touched;
using ir::Touched;

Touched of(Field field) {
    switch (field) {
    case Field::Mark: return touched(Touch::Mark);
    case Field::CtMark: return touched(Touch::ConntrackMark);
    case Field::Tos: return touched(Touch::Tos);
    case Field::Ttl: return touched(Touch::Ttl);
    case Field::IpLength: return touched(Touch::Length);
    case Field::SourcePort:
    case Field::DestinationPort:
    case Field::TcpFlags:
    case Field::IcmpTypeCode: return touched(Touch::Transport);
    case Field::Proto: // no effect changes these
    case Field::L4State:
    case Field::FragOff:
    case Field::ExtensionHeaders:
    case Field::PacketType:
    case Field::MacValid:
    case Field::MacSourceHigh:
    case Field::MacSourceLow:
    case Field::Owner:
    case Field::Uid:
    case Field::Gid:
    case Field::Cpu:
    case Field::Random:
    case Field::Realm:
    case Field::InGroup:
    case Field::OutGroup:
    case Field::FullSocket:
    case Field::SocketClass: return 0;
    case Field::CtPresent:
    case Field::CtState:
    case Field::CtStatus:
    case Field::CtExpires:
    case Field::CtDirection:
    case Field::CtProto:
    case Field::CtOrigSourcePort:
    case Field::CtOrigDestinationPort:
    case Field::CtReplySourcePort:
    case Field::CtReplyDestinationPort: return touched(Touch::Conntrack);
    }
    return static_cast<Touched>(~0U);
}

Touched of(ir::AddressField field) {
    return field <= ir::AddressField::Destination ? touched(Touch::Addresses) : touched(Touch::Conntrack);
}

Touched of(const std::optional<ir::Gate>& gate) { return gate ? of(gate->field) : Touched{0}; }

struct Reads {
    Touched operator()(const ir::FieldTest& test) const { return static_cast<Touched>(of(test.field) | of(test.gate)); }
    Touched operator()(const ir::AnyOf& any) const {
        Touched all = 0;
        for (const ir::FieldTest& test : any.tests)
            all = static_cast<Touched>(all | (*this)(test));
        return all;
    }
    Touched operator()(const ir::AddressTest& test) const {
        return static_cast<Touched>(of(test.field) | of(test.gate));
    }
    Touched operator()(const ir::AddressRange& test) const { return of(test.field); }
    Touched operator()(const ir::InterfaceTest&) const { return 0; }
    Touched operator()(const ir::ProtocolTest&) const { return 0; }
    Touched operator()(const ir::HeaderTest&) const { return touched(Touch::Length); }
    Touched operator()(const ir::TcpOptionTest&) const { return touched(Touch::Transport, Touch::Length); }
    Touched operator()(const ir::LimitTest&) const { return 0; }
    Touched operator()(const ir::CountTest& test) const {
        return test.kind == ir::CountTest::Kind::Quota ? touched(Touch::Length) : Touched{0};
    }
    Touched operator()(const ir::KernelMatch&) const { return 0; }
    Touched operator()(const ir::BytesTest&) const { return touched(Touch::Transport, Touch::Length); }
    Touched operator()(const ir::ExtensionTest&) const { return touched(Touch::Length); }
    Touched operator()(const ir::TcpMssTest&) const { return touched(Touch::Transport, Touch::Length); }
    Touched operator()(const ir::U32Test&) const { return static_cast<Touched>(~0U); } // any byte
};

} // namespace

Touched reads(const ir::Predicate& predicate) { return std::visit(Reads{}, predicate); }

} // namespace xtbpf
