// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/work_table.hpp"

#include "frontend/stored_rule.hpp"

#include <utility>

namespace xtbpf {

namespace {

std::unexpected<Error> refuse(std::string_view message) { return fail(ErrorKind::Refused, std::string(message)); }
constexpr std::string_view kNoEntry = "No chain/target/match by that name.";
constexpr std::string_view kBadRule = "Bad rule (does a matching rule exist in that chain?).";
constexpr std::string_view kInvalid = "Invalid argument. Run `dmesg' for more information.";

} // namespace

// libiptc looks the target up among the chains after it has noted which call this is, and so the message for anything but a
// verdict is the general one (TC_DELETE_ENTRY, iptcc_map_target, TC_BUILTIN).
Error no_such_rule(const Rule* parsed) {
    const bool plain = !parsed || parsed->goal == Rule::Goal::None || parsed->goal == Rule::Goal::Verdict;
    return {ErrorKind::Refused, std::string(plain ? kBadRule : kNoEntry)};
}

WorkTable::WorkTable(Family family, TableId id) : family_(family), id_(id) {
    for (Hook hook : hooks_of(id)) {
        WorkChain& chain = builtins_.emplace_back();
        chain.name = name(hook);
        chain.accept = true;
    }
}

WorkTable::WorkTable(StoredTable stored) : family_(stored.family), id_(stored.id) {
    for (StoredChain& from : stored.chains) {
        WorkChain& chain = from.accept ? builtins_.emplace_back() : users_[from.name];
        chain.name = std::move(from.name);
        chain.accept = from.accept;
        chain.account = from.account;
        for (StoredRule& rule : from.rules)
            chain.rules.push_back({std::move(rule), nullptr});
    }
}

StoredTable WorkTable::take() && {
    StoredTable table{family_, id_, {}};
    for (WorkChain* from : chains()) {
        StoredChain& chain = table.chains.emplace_back();
        chain.name = std::move(from->name);
        chain.accept = from->accept;
        chain.account = from->account;
        chain.rules.reserve(from->rules.size());
        for (WorkRule& rule : from->rules)
            chain.rules.push_back(std::move(rule.stored));
    }
    return table;
}

StoredTable WorkTable::copy() {
    StoredTable table{family_, id_, {}};
    for (const WorkChain* from : chains()) {
        StoredChain& chain =
            table.chains.emplace_back(from->name, from->accept, from->account, std::vector<StoredRule>());
        for (const WorkRule& rule : from->rules)
            chain.rules.push_back(rule.stored);
    }
    return table;
}

WorkChain* WorkTable::find(std::string_view name) {
    for (WorkChain& chain : builtins_)
        if (chain.name == name) return &chain;
    const auto found = users_.find(name);
    return found == users_.end() ? nullptr : &found->second;
}

std::vector<WorkChain*> WorkTable::chains() {
    std::vector<WorkChain*> all;
    all.reserve(builtins_.size() + users_.size());
    for (WorkChain& chain : builtins_)
        all.push_back(&chain);
    for (auto& [name, chain] : users_)
        all.push_back(&chain);
    return all;
}

std::vector<WorkChain*> WorkTable::user_chains() {
    std::vector<WorkChain*> all;
    all.reserve(users_.size());
    for (auto& [name, chain] : users_)
        all.push_back(&chain);
    return all;
}

// libiptc/libiptc.c, iptcc_map_target
bool WorkTable::jumps_to_builtin(const WorkRule& rule) {
    if (!rule.parsed || rule.parsed->goal != Rule::Goal::Chain) return false;
    const WorkChain* chain = find(rule.parsed->target);
    return chain != nullptr && chain->accept;
}

Result<void> WorkTable::append(std::string_view name, WorkRule rule) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (jumps_to_builtin(rule)) return refuse(kInvalid);
    chain->rules.push_back(std::move(rule));
    changed_ = true;
    references_valid_ = false;
    return {};
}

Result<void> WorkTable::insert(std::string_view name, std::uint32_t number, WorkRule rule) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (number - 1 > chain->rules.size()) return refuse("Index of insertion too big.");
    if (jumps_to_builtin(rule)) return refuse(kInvalid);
    chain->rules.insert(chain->rules.begin() + (number - 1), std::move(rule));
    changed_ = true;
    references_valid_ = false;
    return {};
}

Result<void> WorkTable::replace(std::string_view name, std::uint32_t number, WorkRule rule) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (number > chain->rules.size()) return refuse("Index of replacement too big.");
    if (jumps_to_builtin(rule)) return refuse(kInvalid);
    chain->rules[number - 1] = std::move(rule);
    changed_ = true;
    references_valid_ = false;
    return {};
}

Result<void> WorkTable::remove(std::string_view name, const WorkRule& rule, bool only_check) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kBadRule);
    if (jumps_to_builtin(rule)) return refuse(kInvalid);
    for (auto each = chain->rules.begin(); each != chain->rules.end(); ++each) {
        if (each->stored.text != rule.stored.text) continue;
        if (!only_check) {
            chain->rules.erase(each);
            changed_ = true;
            references_valid_ = false;
        }
        return {};
    }
    return std::unexpected(no_such_rule(rule.parsed.get()));
}

Result<void> WorkTable::remove_number(std::string_view name, std::uint32_t number) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (number > chain->rules.size()) return refuse("Index of deletion too big.");
    chain->rules.erase(chain->rules.begin() + (number - 1));
    changed_ = true;
    references_valid_ = false;
    return {};
}

Result<void> WorkTable::flush(std::string_view name) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (chain->rules.empty()) return {}; // ufw flushes and zeroes each of its chains: a hundred commits less
    chain->rules.clear();
    changed_ = true;
    references_valid_ = false;
    return {};
}

Result<void> WorkTable::zero(std::string_view name) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    const auto clear = [](Account& account) {
        account.counters = {};
        account.set = true;
    };
    if (chain->accept) clear(chain->account);
    for (WorkRule& rule : chain->rules)
        clear(rule.stored.account);
    changed_ = changed_ || chain->accept || !chain->rules.empty();
    return {};
}

Result<void> WorkTable::zero_rule(std::string_view name, std::uint32_t number) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (number > chain->rules.size()) return refuse("Index of counter too big.");
    Account& account = chain->rules[number - 1].stored.account;
    account.counters = {};
    account.set = true;
    changed_ = true;
    return {};
}

Result<void> WorkTable::create_chain(std::string_view name) {
    if (find(name) != nullptr || is_verdict(name)) return refuse("Chain already exists.");
    users_[std::string(name)].name = name;
    changed_ = true;
    return {};
}

Result<void> WorkTable::delete_chain(std::string_view name) {
    WorkChain* chain = find(name);
    if (chain == nullptr) return refuse(kNoEntry);
    if (chain->accept) return refuse(kInvalid);
    if (references(name) > 0) return refuse("Too many links.");
    if (!chain->rules.empty()) return refuse("Directory not empty.");
    users_.erase(users_.find(name));
    changed_ = true;
    return {};
}

Result<void> WorkTable::rename_chain(std::string_view from, std::string_view to) {
    if (find(to) != nullptr || is_verdict(to)) return refuse("File exists.");
    WorkChain* chain = find(from);
    if (chain == nullptr || chain->accept) return refuse(kNoEntry);
    for (WorkChain* each : chains())
        for (WorkRule& rule : each->rules)
            if (const auto jump = jump_of(rule.stored.text); jump && jump->target == from) {
                rule.stored.text.replace(jump->offset, from.size(), to);
                rule.parsed.reset();
            }
    auto node = users_.extract(users_.find(from));
    node.key() = to;
    node.mapped().name = to;
    users_.insert(std::move(node));
    changed_ = true;
    references_valid_ = false;
    return {};
}

Result<void> WorkTable::set_policy(std::string_view name, std::string_view policy, Counters counters) {
    WorkChain* chain = find(name);
    if (chain == nullptr || !chain->accept) return refuse("Bad built-in chain name.");
    if (policy != "ACCEPT" && policy != "DROP") return refuse("Bad policy name. Run `dmesg' for more information.");
    chain->accept = policy == "ACCEPT";
    chain->account.counters = counters;
    chain->account.set = true;
    changed_ = true;
    return {};
}

void WorkTable::count_references() {
    references_.clear();
    for (WorkChain* chain : chains())
        for (const WorkRule& rule : chain->rules)
            if (const auto jump = jump_of(rule.stored.text);
                jump && !is_verdict(jump->target) && find(jump->target) != nullptr)
                ++references_[std::string(jump->target)];
    references_valid_ = true;
}

std::uint32_t WorkTable::references(std::string_view name) {
    if (!references_valid_) count_references();
    const auto found = references_.find(std::string(name));
    return found == references_.end() ? 0 : found->second;
}

} // namespace xtbpf
