// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/performed.hpp"

#include <algorithm>
#include <cstring>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
namespace xtbpf::tool {

namespace {

using ir::AddressField;
using ir::Field;
using ir::Touch;
using ir::touched;

template <typename Info> Info info_of(const std::vector<std::uint8_t>& bytes) {
    Info info{};
    std::memcpy(&info, bytes.data(), std::min(sizeof info, bytes.size()));
    return info;
}

class Performer {
  public:
    Performer(Hook hook, Packet& packet) : hook_(hook), packet_(packet) {}

    Fate operator()(const ir::RejectEffect&) { return Fate::Reject; }
    Fate operator()(const ir::LogEffect&) { return Fate::Undecided; }

    Fate operator()(const ir::KernelTarget& target) {
        if (target.name == "MARK")
            mark(info_of<xt_mark_tginfo2>(target.info));
        else if (target.name == "CONNMARK" && target.revision == 2)
            connection_mark(info_of<xt_connmark_tginfo2>(target.info));
        else
            packet_.known.forget(target.writes);
        if (target.name == "DNAT") return Fate::Accept;
        return target.after == ir::After::Ends ? Fate::Taken : Fate::Undecided;
    }

    Fate operator()(const ir::NatEffect& nat) {
        const bool source =
            nat.kind == ir::NatEffect::Kind::Source || nat.kind == ir::NatEffect::Kind::Masquerade ||
            (nat.kind == ir::NatEffect::Kind::Network && (hook_ == Hook::Input || hook_ == Hook::Postrouting));
        const bool single = nat.addresses && nat.addresses->low == nat.addresses->high;
        const AddressField field = source ? AddressField::Source : AddressField::Destination;
        packet_.known.set(field, single);
        if (single) write(packet_.view, field, nat.addresses->low);
        ports(nat, source);
        packet_.known.set_bytes(false);
        packet_.view.ct_status |= source ? IPS_SRC_NAT : IPS_DST_NAT;
        packet_.view.ct_state |= source ? XT_CONNTRACK_STATE_SNAT : XT_CONNTRACK_STATE_DNAT;
        for (const AddressField reply : {AddressField::CtReplySource, AddressField::CtReplyDestination})
            packet_.known.set(reply, false);
        for (const Field reply : {Field::CtReplySourcePort, Field::CtReplyDestinationPort})
            packet_.known.set(reply, false);
        return Fate::Accept;
    }

    Fate operator()(const ir::TosEffect& tos) {
        packet_.view.tos = static_cast<std::uint8_t>((packet_.view.tos & ~tos.mask) ^ tos.value);
        if (tos.mask == 0xff) packet_.known.set(Field::Tos);
        packet_.known.set_bytes(false);
        return Fate::Undecided;
    }

    Fate operator()(const ir::TtlEffect& ttl) {
        const int now = packet_.view.ttl, by = ttl.value;
        int then = by;
        if (ttl.kind == ir::TtlEffect::Kind::Set)
            packet_.known.set(Field::Ttl);
        else
            then = std::clamp(ttl.kind == ir::TtlEffect::Kind::Increase ? now + by : now - by, 0, 255);
        packet_.view.ttl = static_cast<std::uint8_t>(then);
        packet_.known.set_bytes(false);
        return Fate::Undecided;
    }

    Fate operator()(const ir::TcpEcnEffect& ecn) {
        packet_.known.forget(ir::writes(ir::Effect{ecn}));
        return Fate::Undecided;
    }

    // The socket gets the packet, if there is one.
    Fate operator()(const ir::TproxyEffect& proxy) {
        packet_.view.mark = (packet_.view.mark & ~proxy.mark_mask) ^ proxy.mark_value;
        return Fate::Accept;
    }

    Fate operator()(const ir::NotrackEffect&) {
        packet_.state = State::Untracked;
        return Fate::Undecided;
    }
    Fate operator()(const ir::ZoneEffect&) { return Fate::Undecided; }
    Fate operator()(const ir::SecurityMarkEffect&) { return Fate::Undecided; }
    Fate operator()(const ir::TraceEffect&) { return Fate::Undecided; }

  private:
    void mark(const xt_mark_tginfo2& info) { packet_.view.mark = (packet_.view.mark & ~info.mask) ^ info.mark; }

    // connmark_tg_shift (net/netfilter/xt_connmark.c)
    void connection_mark(const xt_connmark_tginfo2& info) {
        if (!packet_.known.has(Field::CtPresent))
            return packet_.known.forget(touched(Touch::Mark, Touch::ConntrackMark));
        if (packet_.view.ct_present == 0) return;
        const auto shifted = [&](std::uint32_t mark) {
            return info.shift_dir == D_SHIFT_RIGHT ? mark >> info.shift_bits : mark << info.shift_bits;
        };
        xt_view& view = packet_.view;
        const bool known = packet_.known.has(Field::CtMark), marked = packet_.known.has(Field::Mark);
        switch (info.mode) {
        case XT_CONNMARK_SET:
            view.ct_mark = shifted((view.ct_mark & ~info.ctmask) ^ info.ctmark);
            packet_.known.set(Field::CtMark, known || info.ctmask == ~0U);
            break;
        case XT_CONNMARK_SAVE:
            view.ct_mark = (view.ct_mark & ~info.ctmask) ^ shifted(view.mark & info.nfmask);
            packet_.known.set(Field::CtMark, (known || info.ctmask == ~0U) && marked);
            break;
        default:
            view.mark = (view.mark & ~info.nfmask) ^ shifted(view.ct_mark & info.ctmask);
            packet_.known.set(Field::Mark, (marked || info.nfmask == ~0U) && known);
        }
    }

    // A source port may have to make way for another connection's.
    void ports(const ir::NatEffect& nat, bool source) {
        const bool single = nat.ports && nat.ports->low == nat.ports->high;
        const Field field = source ? Field::SourcePort : Field::DestinationPort;
        if (single) write(packet_.view, field, nat.ports->low);
        if (source || nat.ports) packet_.known.set(field, single && packet_.known.has(Field::Proto));
    }

    Hook hook_;
    Packet& packet_;
};

} // namespace

Fate perform(const ir::Effect& effect, Hook hook, Packet& packet) {
    return std::visit(Performer(hook, packet), effect);
}

} // namespace xtbpf::tool
