// SPDX-License-Identifier: GPL-2.0-or-later
// A table while it is edited: chains by name, rules as canonical text, the edits of libiptc with its refusals
// (libiptc/libiptc.c; messages: TC_STRERROR). A rule's identity is its text: an edit parses no other rule.
#pragma once

#include "frontend/rule.hpp"
#include "translator/error.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xtbpf {

// The refusal of -D and -C where the chain has no such rule.
Error no_such_rule(const Rule* parsed);

struct WorkRule {
    StoredRule stored;
    std::unique_ptr<Rule> parsed; // if it was parsed anyway; else lowering parses the text
};

struct WorkChain {
    std::string name;
    std::optional<bool> accept; // policy of a built-in chain
    Account account;
    std::deque<WorkRule> rules;
    std::uint32_t index = 0; // in the lowered table; set by link()
    std::uint32_t hooks = 0; // hook_bit()s of the base chains it is reached from; set by link()
};

class WorkTable {
  public:
    WorkTable(Family family, TableId id); // as the kernel sets it up: empty, policies ACCEPT
    explicit WorkTable(StoredTable stored);
    StoredTable take() &&;
    StoredTable copy();

    Family family() const { return family_; }
    TableId id() const { return id_; }
    bool changed() const { return changed_; }

    WorkChain* find(std::string_view name);
    std::vector<WorkChain*> chains(); // in the order of a save
    std::vector<WorkChain*> user_chains();

    // `number` counts from 1. Errors are Refused.
    Result<void> append(std::string_view chain, WorkRule rule);
    Result<void> insert(std::string_view chain, std::uint32_t number, WorkRule rule);
    Result<void> replace(std::string_view chain, std::uint32_t number, WorkRule rule);
    Result<void> remove(std::string_view chain, const WorkRule& rule, bool only_check);
    Result<void> remove_number(std::string_view chain, std::uint32_t number);
    Result<void> flush(std::string_view chain);
    Result<void> zero(std::string_view chain);
    Result<void> zero_rule(std::string_view chain, std::uint32_t number);
    Result<void> create_chain(std::string_view chain);
    Result<void> delete_chain(std::string_view chain);
    Result<void> rename_chain(std::string_view from, std::string_view to);
    Result<void> set_policy(std::string_view chain, std::string_view policy, Counters counters);

    std::uint32_t references(std::string_view chain);

  private:
    bool jumps_to_builtin(const WorkRule& rule);
    void count_references();

    Family family_;
    TableId id_;
    bool changed_ = false;
    std::deque<WorkChain> builtins_; // never moved: others point to them
    std::map<std::string, WorkChain, std::less<>> users_;
    std::unordered_map<std::string, std::uint32_t> references_;
    bool references_valid_ = false;
};

} // namespace xtbpf
