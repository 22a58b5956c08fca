// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/trace/traced.hpp"

#include "frontend/xtbpf/explain/evidence.hpp"
#include "frontend/xtbpf/explain/packet_words.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_conntrack.h>

namespace xtbpf::tool {

namespace {

void restrict(const std::optional<ir::Words>& address, Family family, __u32 (&value)[4], __u32 (&mask)[4]) {
    if (!address) return;
    for (std::size_t word = 0; word < (family == Family::V4 ? 1 : 4); ++word) {
        value[word] = (*address)[word];
        mask[word] = ~0U;
    }
}

std::string device(const std::uint8_t (&name)[16]) {
    return {reinterpret_cast<const char*>(name), ::strnlen(reinterpret_cast<const char*>(name), sizeof name)};
}

State state_of(const xt_view& view) {
    if ((view.ct_state & XT_CONNTRACK_STATE_BIT(IP_CT_NEW)) != 0) return State::New;
    if ((view.ct_state & XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED)) != 0) return State::Established;
    if ((view.ct_state & XT_CONNTRACK_STATE_BIT(IP_CT_RELATED)) != 0) return State::Related;
    return (view.ct_state & XT_CONNTRACK_STATE_UNTRACKED) != 0 ? State::Untracked : State::Invalid;
}

} // namespace

Result<TapFilter> tap_filter(const std::vector<std::string>& words) {
    const auto said = read_words(words, std::nullopt);
    if (!said) return std::unexpected(said.error());
    if (said->tos || said->ttl || said->tcp_flags || said->icmp_type || said->icmp_code || said->packet_type ||
        said->mss || said->fragment || said->length || said->mark || said->uid || said->gid || said->status ||
        said->connection_mark || said->state || said->reply || said->mac || said->bytes || said->no_socket)
        return fail(ErrorKind::BadParameter, "a filter knows protocol, src, dst, sport and dport");
    TapFilter out;
    if (said->source || said->destination) out.family = said->family;
    const Family family = said->family.value_or(Family::V4);
    restrict(said->source, family, out.filter.saddr, out.filter.saddr_mask);
    restrict(said->destination, family, out.filter.daddr, out.filter.daddr_mask);
    out.filter.any_protocol = !said->protocol;
    out.filter.protocol = said->protocol.value_or(0);
    out.filter.any_sport = !said->sport;
    out.filter.sport = said->sport.value_or(0);
    out.filter.any_dport = !said->dport;
    out.filter.dport = said->dport.value_or(0);
    return out;
}

Result<TracedRules> TracedRules::read(std::optional<Family> family, const std::vector<std::string>& assume) {
    TracedRules out;
    for (const Family each : {Family::V4, Family::V6}) {
        if (family && *family != each) continue;
        auto rules = rules_in_force(each);
        if (!rules) return std::unexpected(rules.error());
        if (auto added = out.add(each, std::move(*rules), assume); !added) return std::unexpected(added.error());
    }
    return out;
}

Result<void> TracedRules::add(Family family, Rules rules, const std::vector<std::string>& assume, const AskLive& live) {
    for (RuleTable& table : rules) {
        const std::string prefix = fmt::format("{}:", name(table.stored.id));
        std::vector<std::string> own; // a rule is assumed of in its own table only
        std::ranges::copy_if(assume, std::back_inserter(own), [&](const std::string& text) {
            return text.find(':') == std::string::npos || text.starts_with(prefix);
        });
        Traced& traced = tables_[{family, table.stored.id}];
        traced.rules.push_back(std::move(table));
        auto assumptions = Assumptions::parse(own, traced.rules);
        if (!assumptions) return std::unexpected(assumptions.error());
        traced.assumptions = std::move(*assumptions);
        traced.live = live;
    }
    return {};
}

std::vector<std::pair<Family, TableId>> TracedRules::tables() const {
    std::vector<std::pair<Family, TableId>> out;
    for (const auto& [key, traced] : tables_)
        out.push_back(key);
    return out;
}

std::optional<Explanation> TracedRules::explain(Family family, const xt_tap_event& event) const {
    const auto found = tables_.find({family, static_cast<TableId>(event.table)});
    if (found == tables_.end() || event.bytes > XT_TAP_BYTES || event.hook >= kHooks) return std::nullopt;
    Packet packet;
    packet.family = family;
    packet.view = event.view;
    packet.bytes.assign(event.data, event.data + event.bytes);
    packet.known = Knowledge::everything();
    packet.known.set_bytes(event.bytes >= event.view.len);
    packet.state = state_of(event.view);
    const auto hook = static_cast<Hook>(event.hook);
    const Way way{device(event.view.in_name), device(event.view.out_name), {hook}};
    packet.words = fmt::format("{} mark {:#x} state {}", summary(packet), event.view.mark, name(*packet.state));
    for (const auto& [where, word] : {std::pair{way.in, "in"}, std::pair{way.out, "out"}})
        if (!where.empty()) packet.words += fmt::format(", {} {}", word, where);
    return tool::explain(std::move(packet), way, found->second.rules, found->second.assumptions, found->second.live);
}

} // namespace xtbpf::tool
