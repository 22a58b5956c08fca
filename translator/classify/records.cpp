// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/records.hpp"

#include <algorithm>

namespace xtbpf::classify {

namespace {

constexpr std::uint32_t pack(const Ports& ports) {
    return ports.low | static_cast<std::uint32_t>(ports.high - ports.low) << 16;
}

xt_image_more head_of(const Conditions& conditions) {
    xt_image_more head{};
    head.flags = conditions.flags;
    head.header_bytes = conditions.header_bytes;
    std::ranges::copy(conditions.stages, head.tests);
    return head;
}

xt_image_rule rest_of(const Conditions& conditions, const Deed& deed, std::uint32_t order, ir::Slot slot) {
    xt_image_rule rest{};
    rest.sports = pack(conditions.sports);
    rest.dports = pack(conditions.dports);
    rest.source = conditions.source.bits;
    rest.destination = conditions.destination.bits;
    rest.protocol = conditions.protocol;
    rest.flags = static_cast<__u8>(deed.action | (conditions.has_protocol ? XT_RULE_PROTOCOL : 0) |
                                   (conditions.has_header ? XT_RULE_HEADER : 0));
    rest.order = order;
    rest.slot = slot;
    return rest;
}

bool names_rule(xt_action action) { return action == XT_DO_JUMP || action == XT_DO_GOTO || action == XT_DO_EFFECT; }

} // namespace

Record RecordMaker::make(const Conditions& conditions, const Deed& deed, std::optional<std::uint32_t> guard,
                         std::uint32_t chain, std::uint32_t order, ir::Slot slot) {
    xt_image_more head = head_of(conditions);
    const bool own = guard || names_rule(deed.action);
    if (own) {
        head.target = deed.target;
        head.after = static_cast<__u8>(deed.after);
        head.guard = guard.value_or(0);
        head.chain = chain;
        head.next = order + 1;
    }
    xt_image_rule rest = rest_of(conditions, deed, order, slot);
    const bool plain = (conditions.flags & ~XT_MORE_DROP_ONE) == 0 && conditions.tests.empty();
    rest.flags = static_cast<__u8>(rest.flags | (plain ? XT_RULE_PLAIN : 0) | (guard ? XT_RULE_GUARD : 0));
    if (own || !plain || conditions.has_header) rest.more = more(conditions, head, own);
    return record(conditions, rest);
}

Record RecordMaker::make_edit(const Conditions& conditions, const Deed& deed, std::uint32_t edit, std::uint32_t chain,
                              std::uint32_t before, ir::Slot slot) {
    xt_image_more head = head_of(conditions);
    head.flags |= XT_MORE_EDIT;
    head.target = deed.target;
    head.guard = edit;
    head.chain = chain;
    head.next = before;
    xt_image_rule rest = rest_of(conditions, deed, before, slot);
    rest.flags |= XT_RULE_LAST;
    rest.more = more(conditions, head, true);
    return record(conditions, rest);
}

Record RecordMaker::record(const Conditions& conditions, const xt_image_rule& rest) const {
    Record record{};
    if (family_ == Family::V4) {
        record.v4 = {conditions.source.value[0], conditions.destination.value[0], rest};
    } else {
        record.v6.rest = rest;
        std::ranges::copy(conditions.source.value, record.v6.source);
        std::ranges::copy(conditions.destination.value, record.v6.destination);
    }
    return record;
}

std::uint32_t RecordMaker::more(const Conditions& conditions, const xt_image_more& head, bool own) {
    std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
    const std::size_t tests = conditions.tests.size() * sizeof(xt_image_test);
    if (tests != 0) bytes.append(reinterpret_cast<const char*>(conditions.tests.data()), tests);
    if (!own && bytes == last_shared_.first) return last_shared_.second; // neighbours are often alike
    std::uint32_t* known = own ? nullptr : &shared_[bytes];
    if (known && *known != 0) {
        last_shared_ = {std::move(bytes), *known};
        return *known;
    }
    const std::uint32_t at = out_.reserve(bytes.size(), 4);
    out_.write_bytes(at, bytes);
    if (known) *known = at;
    return at;
}

} // namespace xtbpf::classify
