// SPDX-License-Identifier: GPL-2.0-or-later
// Writes one BPF function: a run of a chain's rules with the chains that lie inside it. Private to codegen.
#pragma once

#include "translator/codegen/chains.hpp"
#include "translator/codegen/layout.hpp"
#include "translator/codegen/runs.hpp"

#include <deque>
#include <span>
#include <string>
#include <vector>

namespace xtbpf::codegen {

// What all functions of a hook share.
struct HookContext {
    const ir::Table& table;
    const HookNeeds& needs;
    const HookOptions& options;
    const Layout& layout;
    std::vector<std::string> names;     // of chains that are functions, by chain index
    std::vector<std::uint32_t> numbers; // of chains that are functions, for xt_view.callee
    std::vector<bool> stops;            // whether a traversal can stop in the chain or below it, by chain index
};

class FunctionWriter {
  public:
    // `last_site` as in Sites, over all parts of the chain.
    FunctionWriter(const HookContext& hook, std::uint32_t chain, std::string name, std::uint32_t& last_site);

    // The rules of `chain`, then what follows its last one: nothing (`part`), a return, or the policy.
    void whole_chain(std::uint32_t chain);
    void part_of_chain(std::span<const ir::Rule> rules); // RETURN is XT_RETURN, running off the end XT_CONTINUE
    struct Part {
        std::string name;
        std::uint32_t last_site; // deep nesting: sites above those of the part before, up to here, lie in it
    };
    void calls_of_parts(std::uint32_t chain, std::span<const Part> parts);

    Result<Function> finish() &&;

  private:
    struct Block { // a rule whose quick test held: the rest of it
        const ir::Rule* rule;
        const ir::Predicate* known; // the quick test, if it was complete
        std::size_t prefix;         // predicates at its begin that are known to hold
        Label at, next, chain_return;
    };

    void rows(std::span<const ir::Rule> rules, Label chain_return);
    void search(const Run& run, Label none, Label chain_return);
    void prefix_of(const Run& run, Label no);
    void rule(const ir::Rule& rule, std::size_t prefix, const ir::Predicate* known, Label next, Label chain_return);
    void action(const ir::Rule& rule, Label next, Label chain_return);
    void perform(const ir::Jump& jump, Label next, Label chain_return);
    void count(ir::Slot slot);
    void blocks();
    void end_of_chain(std::uint32_t chain);
    void call(const std::string& function, bool may_stop);
    void hand_off(const ir::HandOff& off, Label next);
    void resume();
    const ir::Predicate* quick_test(const ir::Rule& rule) const;
    bool knowable(const ir::Predicate& predicate) const;

    const HookContext& hook_;
    Assembler out_;
    Sites sites_;
    bool may_stop_;
    struct Stopped { // behind a call whose function stopped
        Label at;
        std::uint32_t site;
    };
    std::vector<Stopped> stopped_;
    Label verdict_, hotdrop_, stop_, defer_, resume_;
    PredicateWriter predicates_;
    std::deque<Block> blocks_;
};

} // namespace xtbpf::codegen
