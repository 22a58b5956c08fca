// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/lower.hpp"

#include <iterator>
#include <linux/netfilter/xt_NFQUEUE.h>

namespace xtbpf {

namespace {

using ir::Predicate;

void lower_network(ir::AddressField field, const Network& network, bool inverted, std::vector<Predicate>& out) {
    if (network.any() && !inverted) return;
    ir::AddressTest test{};
    test.field = field;
    test.value = network.address;
    test.mask = network.mask;
    test.invert = inverted;
    out.emplace_back(test);
}

// iptables/xshared.c, iface_to_mask: a final `+` is a wildcard; a whole name is compared with its final zero.
void lower_interface(ir::Direction direction, std::string_view name, bool inverted, std::vector<Predicate>& out) {
    if (name.empty() || (name == "+" && !inverted)) return;
    ir::InterfaceTest test{};
    test.direction = direction;
    test.invert = inverted;
    const bool wildcard = name.back() == '+';
    if (wildcard) name.remove_suffix(1);
    for (std::size_t i = 0; i < name.size(); ++i) {
        test.name[i] = static_cast<std::uint8_t>(name[i]);
        test.mask[i] = 0xff;
    }
    if (!wildcard) test.mask[name.size()] = 0xff;
    out.emplace_back(test);
}

// In the order of ip_packet_match and ip6_packet_match (net/ipv4/netfilter/ip_tables.c,
// net/ipv6/netfilter/ip6_tables.c).
void lower_conditions(const Rule& rule, std::vector<Predicate>& out) {
    lower_network(ir::AddressField::Source, rule.source, rule.not_source, out);
    lower_network(ir::AddressField::Destination, rule.destination, rule.not_destination, out);
    lower_interface(ir::Direction::In, rule.in, rule.not_in, out);
    lower_interface(ir::Direction::Out, rule.out, rule.not_out, out);
    if (rule.protocol != 0)
        out.emplace_back(ir::ProtocolTest{static_cast<std::uint8_t>(rule.protocol), rule.not_protocol});
    if (rule.fragment) {
        ir::FieldTest test{};
        test.field = ir::Field::FragOff;
        test.ranges = {{1, 0xffff}};
        test.invert = rule.not_fragment;
        out.emplace_back(std::move(test));
    }
}

// The standard target's NF_QUEUE: queue 0, as `NFQUEUE --queue-num 0` (net/ipv4/netfilter/ip_tables.c, ipt_do_table).
ir::Action queue() {
    return ir::HandOff{
        ir::KernelTarget{.name = "NFQUEUE",
                         .revision = 3,
                         .info = info_bytes(xt_NFQ_info_v3{.queuenum = 0, .queues_total = 1, .flags = 0}),
                         .after = ir::After::Ends}};
}

ir::Action lower_action(const Rule& rule, const RuleContext& context, std::uint32_t chain) {
    switch (rule.goal) {
    case Rule::Goal::None: return ir::Continue{};
    case Rule::Goal::Chain: return ir::Jump{chain, rule.is_goto};
    case Rule::Goal::Extension: return rule.target_use->lower(context);
    case Rule::Goal::Verdict: break;
    }
    if (rule.target == "ACCEPT") return ir::Accept{};
    if (rule.target == "DROP") return ir::Drop{};
    if (rule.target == "QUEUE") return queue();
    return ir::Return{};
}

} // namespace

ir::Rule lower_rule(const Rule& rule, TableId table, std::uint32_t chain) {
    const RuleContext context = rule.context(table);
    static thread_local std::vector<Predicate> predicates; // the rule gets as much memory as it needs
    predicates.clear();
    lower_conditions(rule, predicates);
    for (const MatchUse& match : rule.matches)
        match.use->lower(context, predicates);
    ir::Rule lowered;
    lowered.predicates.assign(std::make_move_iterator(predicates.begin()), std::make_move_iterator(predicates.end()));
    lowered.action = lower_action(rule, context, chain);
    return lowered;
}

} // namespace xtbpf
