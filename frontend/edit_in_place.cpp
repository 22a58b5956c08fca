// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/edit_in_place.hpp"

#include "frontend/goal.hpp"
#include "frontend/lower.hpp"
#include "frontend/stored_rule.hpp"
#include "translator/placement.hpp"

#include <chrono>
#include <thread>

namespace xtbpf {

namespace {

constexpr int kTries = 10;

// Whether a rule can go without a word to the kernel, which else has to let go of what the rule made it keep.
bool leaves_nothing(const Rule& rule, TableId table) {
    const ViewNeeds needs = view_needs(lower_rule(rule, table, 0));
    return !needs.conntrack && !needs.limits && !needs.kernel_matches && !needs.effects;
}

class Editor {
  public:
    Editor(Command& command, Family family, TableId id, LiveTable& table)
        : command_(command), family_(family), id_(id), table_(table) {}

    bool overtaken() const { return overtaken_; } // run() again, on the table as it is now

    std::optional<Result<void>> run() {
        if (command_.verbs == kDeleteNumber) return remove(table_.find(command_.chain, command_.number));
        Rule& rule = command_.rule;
        const bool jumps = table_.has_chain(rule.target);
        if ((jumps && rule.target_use) || hook_by_chain_name(rule.target) || !settle_goal(rule, jumps)) return {};
        rule.source = command_.sources.front();
        rule.destination = command_.destinations.front();
        switch (command_.verbs) {
        case kAppend: return put(0, false);
        case kInsert: return put(command_.number, false);
        case kReplace: {
            const auto found = table_.find(command_.chain, command_.number);
            if (!found || !may_go(found->text)) return {};
            return put(found->number, true);
        }
        default: break;
        }
        const auto found = table_.find(command_.chain, canonical_text(rule));
        if (!found) return std::unexpected(no_such_rule(&rule));
        if (command_.verbs == kCheck) return Result<void>{};
        return remove(found);
    }

  private:
    std::optional<Result<void>> put(std::uint32_t number, bool removes) {
        const Rule& rule = command_.rule;
        if (rule.goal == Rule::Goal::Chain || !check_rule(rule, id_, table_.hooks(command_.chain))) return {};
        const LiveRule live{canonical_text(rule), command_.counters, lower_rule(rule, id_, 0)};
        return edit(number, removes, &live);
    }

    std::optional<Result<void>> remove(const std::optional<LiveTable::Found>& found) {
        if (!found || !may_go(found->text)) return {};
        return edit(found->number, true, nullptr);
    }

    std::optional<Result<void>> edit(std::uint32_t number, bool removes, const LiveRule* rule) {
        const LiveTable::Outcome outcome = table_.edit(command_.chain, number, removes, rule);
        overtaken_ = outcome == LiveTable::Outcome::Overtaken;
        if (outcome != LiveTable::Outcome::Done) return {};
        return Result<void>{};
    }

    bool may_go(std::string_view text) const {
        if (ends_chain(text)) return false; // what is behind it is reached then: to be checked
        const auto is_chain = [&](std::string_view name) { return table_.has_chain(name); };
        const auto rule = parse_stored_rule(text, family_, id_, is_chain);
        return rule && leaves_nothing(*rule, id_);
    }

    Command& command_;
    Family family_;
    TableId id_;
    LiveTable& table_;
    bool overtaken_ = false;
};

} // namespace

std::optional<Result<void>> edit_in_place(Command& command, Family family, Backend& backend) {
    const bool by_number = command.verbs == kDeleteNumber;
    if (((command.verbs & kRuleVerbs) == 0 && !by_number) || command.verbose > 0) return {};
    if (!by_number && (command.sources.size() != 1 || command.destinations.size() != 1)) return {};
    const auto id = table_by_name(command.table);
    if (!id) return {};
    // An edit takes microseconds; who has claimed the room for longer was killed, and the usual way makes another.
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const auto table = backend.live(family, *id);
        if (!table || !*table || (*table)->hooks(command.chain) == 0) return {}; // the usual way tells what is wrong
        Editor editor(command, family, *id, **table);
        auto done = editor.run();
        if (done || !editor.overtaken()) return done;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
}

} // namespace xtbpf
