// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/knowledge.hpp"

#include "translator/reads.hpp"

#include <algorithm>
#include <array>
#include <linux/netfilter/xt_conntrack.h>
namespace xtbpf::tool {

namespace {

using ir::AddressField;
using ir::Field;

constexpr std::array kConnection{Field::CtPresent,
                                 Field::CtState,
                                 Field::CtStatus,
                                 Field::CtMark,
                                 Field::CtExpires,
                                 Field::CtDirection,
                                 Field::CtProto,
                                 Field::CtOrigSourcePort,
                                 Field::CtOrigDestinationPort,
                                 Field::CtReplySourcePort,
                                 Field::CtReplyDestinationPort};
constexpr std::array kTuples{AddressField::CtOrigSource, AddressField::CtOrigDestination, AddressField::CtReplySource,
                             AddressField::CtReplyDestination};

} // namespace

struct Knowledge::Asking {
    const Knowledge& known;
    const xt_view& view;

    // A gate that closes answers by itself.
    bool behind(const std::optional<ir::Gate>& gate, bool itself) const {
        if (!gate) return itself;
        if (!known.has(gate->field)) return false;
        return ir::read(view, gate->field) < gate->at_least || itself;
    }

    // Whether addresses are translated shows in the state's bits, but comes from the entry's status.
    bool field(const ir::FieldTest& test) const {
        constexpr std::uint32_t kTranslated = XT_CONNTRACK_STATE_SNAT | XT_CONNTRACK_STATE_DNAT;
        const bool translated = test.field == ir::Field::CtState && (test.mask & kTranslated) != 0;
        return known.has(test.field) && (!translated || known.has(ir::Field::CtStatus));
    }

    bool operator()(const ir::FieldTest& test) const { return behind(test.gate, field(test)); }
    bool operator()(const ir::AnyOf& any) const { return std::ranges::all_of(any.tests, *this); }
    bool operator()(const ir::AddressTest& test) const { return behind(test.gate, known.has(test.field)); }
    bool operator()(const ir::AddressRange& test) const { return known.has(test.field); }
    bool operator()(const ir::InterfaceTest& test) const { return known.has(test.direction); }
    bool operator()(const ir::ProtocolTest&) const { return known.has(ir::Field::Proto); }
    bool operator()(const ir::HeaderTest&) const { return known.has(ir::Field::FragOff); }
    bool operator()(const ir::TcpOptionTest&) const { return known.bytes_; }
    bool operator()(const ir::LimitTest&) const { return false; }
    bool operator()(const ir::CountTest&) const { return false; }
    bool operator()(const ir::KernelMatch&) const { return false; }
    bool operator()(const ir::BytesTest&) const { return known.bytes_; }
    bool operator()(const ir::ExtensionTest&) const { return known.has(ir::Field::ExtensionHeaders); }
    bool operator()(const ir::TcpMssTest&) const { return known.bytes_ || known.mss_; }
    bool operator()(const ir::U32Test&) const { return known.bytes_; }
};

Knowledge Knowledge::everything() {
    Knowledge all;
    for (std::size_t field = 0; field < ir::kFields; ++field)
        all.fields_.set(field);
    all.addresses_.set();
    all.devices_.set();
    all.bytes_ = all.mss_ = true;
    return all;
}

void Knowledge::set_connection(bool known) {
    for (const Field field : kConnection)
        set(field, known);
    for (const AddressField field : kTuples)
        set(field, known);
}

void Knowledge::copy_connection(const Knowledge& from) {
    for (const Field field : kConnection)
        set(field, from.has(field));
    for (const AddressField field : kTuples)
        set(field, from.has(field));
}

bool Knowledge::tells(const ir::Predicate& predicate, const xt_view& view) const {
    // A header isn't taken away by what changes a packet's length.
    if ((reads(predicate) & forgotten_) != 0 && !std::holds_alternative<ir::HeaderTest>(predicate)) return false;
    return std::visit(Asking{*this, view}, predicate);
}

} // namespace xtbpf::tool
