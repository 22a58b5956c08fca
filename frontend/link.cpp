// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/lower.hpp"
#include "frontend/stored_rule.hpp"
#include "translator/in_parts.hpp"

#include <span>

namespace xtbpf {

namespace {

constexpr std::size_t kWorthAThread = 1024; // rules: a millisecond's work

std::unexpected<Error> invalid() {
    return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
}

// The chains each chain jumps to, as far as the kernel follows it.
struct Graph {
    std::vector<WorkChain*> chains;
    std::vector<std::vector<std::uint32_t>> jumps;
    std::vector<std::size_t> looked_at; // rules of the chain up to the one that always leaves it

    explicit Graph(WorkTable& table) : chains(table.chains()), jumps(chains.size()), looked_at(chains.size()) {
        for (std::uint32_t i = 0; i < chains.size(); ++i) {
            chains[i]->index = i;
            chains[i]->hooks = 0;
        }
        for (std::uint32_t i = 0; i < chains.size(); ++i) {
            for (const WorkRule& rule : chains[i]->rules) {
                ++looked_at[i];
                if (ends_chain(rule.stored.text)) break;
                if (const WorkChain* to = table.find(target_of(rule))) jumps[i].push_back(to->index);
            }
        }
    }

    // The user chain that the rule leads to, or another word, or none.
    static std::string_view target_of(const WorkRule& rule) {
        if (rule.parsed) return rule.parsed->goal == Rule::Goal::Chain ? rule.parsed->target : std::string_view();
        const auto jump = jump_of(rule.stored.text);
        return !jump || is_verdict(jump->target) ? std::string_view() : jump->target;
    }

    // Marks what `base` reaches; false: a loop. Without recursion: chains nest as deep as the user likes.
    bool mark(std::uint32_t base, std::uint32_t hook) {
        enum class State : std::uint8_t { Unseen, OnPath, Done };
        std::vector<State> states(chains.size(), State::Unseen);
        struct Frame {
            std::uint32_t chain;
            std::size_t next;
        };
        std::vector<Frame> path{{base, 0}};
        states[base] = State::OnPath;
        while (!path.empty()) {
            Frame& frame = path.back();
            if (frame.next == jumps[frame.chain].size()) {
                chains[frame.chain]->hooks |= hook;
                states[frame.chain] = State::Done;
                path.pop_back();
                continue;
            }
            const std::uint32_t to = jumps[frame.chain][frame.next++];
            if (states[to] == State::OnPath) return false;
            if (states[to] == State::Unseen) {
                states[to] = State::OnPath;
                path.push_back({to, 0});
            }
        }
        return true;
    }
};

// net/netfilter/x_tables.c, xt_check_match and xt_check_target
bool takes(const KernelLimits& limits, const RuleContext& rule, std::uint32_t hooks) {
    if (limits.table && *limits.table != rule.table) return false;
    if ((hooks & ~limits.hooks) != 0) return false;
    return !limits.protocol || (*limits.protocol == rule.protocol && !rule.protocol_inverted);
}

// The rules from `first` to `end` of the chain. Those before `looked_at` are what the kernel sees of it.
Result<void> lower_part(WorkTable& table, WorkChain& chain, std::size_t looked_at, std::size_t first, std::size_t end,
                        std::vector<ir::Rule>& rules) {
    const auto is_chain = [&](std::string_view name) { return table.find(name) != nullptr; };
    for (std::size_t index = first; index < end; ++index) {
        WorkRule& work = chain.rules[index];
        if (!work.parsed) {
            auto parsed = parse_stored_rule(work.stored.text, table.family(), table.id(), is_chain);
            if (!parsed) return std::unexpected(parsed.error());
            work.parsed = std::make_unique<Rule>(std::move(*parsed));
        }
        const Rule& rule = *work.parsed;
        const std::uint32_t hooks = index < looked_at ? chain.hooks : 0;
        if (auto checked = check_rule(rule, table.id(), hooks); !checked) return checked;
        const WorkChain* to = rule.goal == Rule::Goal::Chain ? table.find(rule.target) : nullptr;
        rules[index] = lower_rule(rule, table.id(), to != nullptr ? to->index : 0);
        work.parsed.reset();
    }
    return {};
}

// A long chain by several threads. The first error is the first rule's.
Result<void> lower_chain(WorkTable& table, WorkChain& chain, std::size_t looked_at, std::vector<ir::Rule>& rules) {
    rules.resize(chain.rules.size());
    Result<void> done;
    for (auto& part : in_parts(rules.size(), kWorthAThread, [&](std::size_t first, std::size_t end) {
             return lower_part(table, chain, looked_at, first, end, rules);
         }))
        if (auto lowered = part.get(); done && !lowered) done = std::move(lowered);
    return done;
}

} // namespace

bool ends_chain(std::string_view text) {
    return text == "-j ACCEPT" || text == "-j DROP" || text == "-j RETURN" || text == "-j QUEUE";
}

Result<void> check_rule(const Rule& rule, TableId table, std::uint32_t hooks) {
    RuleContext context = rule.context(table);
    for (const MatchUse& match : rule.matches) {
        if (!takes(match.def->limits, context, hooks)) return invalid();
        context.asks_syn |= match.use->asks_syn();
        if (auto checked = match.use->check(context, hooks); !checked) return checked;
    }
    if (rule.goal != Rule::Goal::Extension) return {};
    if (rule.target_def->absent) // xt_request_find_target
        return fail(ErrorKind::Refused, "No chain/target/match by that name.");
    if (!takes(rule.target_def->limits, context, hooks)) return invalid();
    return rule.target_use->check(context, hooks);
}

Result<LinkedTable> link(WorkTable table) {
    Graph graph(table);
    LinkedTable linked;
    linked.program.family = table.family();
    linked.program.id = table.id();
    for (std::uint32_t i = 0; i < graph.chains.size(); ++i) {
        const WorkChain& chain = *graph.chains[i];
        ir::Chain& lowered = linked.program.chains.emplace_back();
        lowered.name = chain.name;
        if (!chain.accept) continue;
        const Hook hook = *hook_by_chain_name(chain.name);
        lowered.builtin = ir::Builtin{.hook = hook, .accept = *chain.accept, .slot = 0};
        if (!graph.mark(i, hook_bit(hook))) return fail(ErrorKind::Refused, "Too many levels of symbolic links.");
    }
    for (std::uint32_t i = 0; i < graph.chains.size(); ++i) {
        const auto lowered = lower_chain(table, *graph.chains[i], graph.looked_at[i], linked.program.chains[i].rules);
        if (!lowered) return std::unexpected(lowered.error());
    }
    linked.stored = std::move(table).take();
    return linked;
}

Result<LinkedTable> link(StoredTable table) { return link(WorkTable(std::move(table))); }

Result<ir::Table> lower_table(const StoredTable& table) {
    auto linked = link(table);
    if (!linked) return std::unexpected(linked.error());
    return std::move(linked->program);
}

} // namespace xtbpf
