// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/execute.hpp"

#include "frontend/goal.hpp"
#include "frontend/listing.hpp"

#include <fmt/format.h>

namespace xtbpf {

namespace {

Result<void> no_chain() { return fail(ErrorKind::Refused, "No chain/target/match by that name."); }

// One call on each chain of `chains`, as for_each_chain4 does: all are tried, the last refusal counts.
template <typename Edit> Result<void> for_each(const std::vector<std::string>& names, Edit&& edit) {
    Result<void> result;
    for (const std::string& name : names)
        if (auto done = edit(name); !done) result = std::move(done);
    return result;
}

std::vector<std::string> names_of(const std::vector<WorkChain*>& chains) {
    std::vector<std::string> names;
    for (const WorkChain* chain : chains)
        names.push_back(chain->name);
    return names;
}

class Execution {
  public:
    Execution(Command& command, WorkTable& table, const Streams& streams)
        : command_(command), table_(table), streams_(streams) {}

    Result<void> run_rules();
    Result<void> run();

  private:
    Result<void> on_chains(const std::vector<WorkChain*>& all, std::string_view word,
                           Result<void> (WorkTable::*edit)(std::string_view));
    Result<void> list();
    Result<void> apply(WorkRule rule);

    Command& command_;
    WorkTable& table_;
    const Streams& streams_;
};

Result<void> Execution::apply(WorkRule rule) {
    switch (command_.verbs) {
    case kAppend: return table_.append(command_.chain, std::move(rule));
    case kInsert: return table_.insert(command_.chain, command_.number, std::move(rule));
    case kReplace: return table_.replace(command_.chain, command_.number, std::move(rule));
    default: return table_.remove(command_.chain, rule, command_.verbs == kCheck);
    }
}

// Every source with every destination (iptables/iptables.c, append_entry and its like).
Result<void> Execution::run_rules() {
    Result<void> result;
    std::size_t left = command_.sources.size() * command_.destinations.size();
    for (const Network& source : command_.sources) {
        for (const Network& destination : command_.destinations) {
            command_.rule.source = source;
            command_.rule.destination = destination;
            if (command_.verbose > 0) {
                std::string line;
                list_rule(line, command_.rule, {}, 0, {.numeric = true, .counters = true, .table = false});
                streams_.say(line);
            }
            WorkRule rule;
            rule.stored.text = canonical_text(command_.rule);
            rule.stored.account.counters = command_.counters;
            rule.stored.account.set = true;
            if (--left == 0) rule.parsed = std::make_unique<Rule>(std::move(command_.rule));
            if (auto done = apply(std::move(rule)); !done) result = std::move(done);
        }
    }
    return result;
}

Result<void> Execution::on_chains(const std::vector<WorkChain*>& all, std::string_view word,
                                  Result<void> (WorkTable::*edit)(std::string_view)) {
    const auto names = command_.has_chain ? std::vector<std::string>{command_.chain} : names_of(all);
    return for_each(names, [&](const std::string& name) {
        if (command_.verbose > 0) streams_.say(fmt::format("{} chain `{}'\n", word, name));
        return (table_.*edit)(name);
    });
}

Result<void> Execution::list() {
    const std::string* only = command_.has_chain ? &command_.chain : nullptr;
    std::string text;
    bool found = false;
    if ((command_.verbs & kList) != 0) {
        const ListFormat format{.numeric = command_.numeric,
                                .counters = command_.verbose > 0,
                                .exact = command_.exact,
                                .line_numbers = command_.line_numbers};
        const auto listed = list_chains(text, table_, only, command_.number, format);
        if (!listed) return std::unexpected(listed.error());
        found = *listed;
    } else {
        found = list_rules(text, table_, only, command_.number, command_.verbose > 0);
    }
    streams_.say(text);
    if (!found) return no_chain();
    if ((command_.verbs & kZero) != 0) return on_chains(table_.chains(), "Zeroing", &WorkTable::zero);
    if ((command_.verbs & kZeroNumber) != 0) return table_.zero_rule(command_.chain, command_.number);
    return {};
}

Result<void> Execution::run() {
    switch (command_.verbs) {
    case kNoVerb: return {};
    case kDeleteNumber: return table_.remove_number(command_.chain, command_.number);
    case kFlush: return on_chains(table_.chains(), "Flushing", &WorkTable::flush);
    case kZero: return on_chains(table_.chains(), "Zeroing", &WorkTable::zero);
    case kZeroNumber: return table_.zero_rule(command_.chain, command_.number);
    case kNewChain: return table_.create_chain(command_.chain);
    case kDeleteChain: return on_chains(table_.user_chains(), "Deleting", &WorkTable::delete_chain);
    case kRenameChain: return table_.rename_chain(command_.chain, command_.new_name);
    case kSetPolicy: return table_.set_policy(command_.chain, command_.policy, command_.counters);
    default: return list();
    }
}

} // namespace

Diagnosed<Result<void>> execute(Command command, WorkTable& table, const Program& program, const Streams& streams) {
    Execution execution(command, table, streams);
    if ((command.verbs & kRuleVerbs) == 0) return execution.run();
    const auto shadowed = settle_goal(command.rule, table.find(command.rule.target) != nullptr);
    if (!shadowed) return program.problem(shadowed.error());
    // A restore knows its chains from their `:` lines and looks for no extension (libxtables, xtables_announce_chain).
    if (*shadowed && !program.restore)
        streams.warn(fmt::format("Warning: using chain {}, not extension\n", command.rule.target));
    if (command.verbs == kReplace && (command.sources.size() != 1 || command.destinations.size() != 1))
        return program.parameter_problem("Replacement rule does not specify a unique address");
    return execution.run_rules();
}

} // namespace xtbpf
