// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/early_code.hpp"

#include "translator/early_plan.hpp"
#include "translator/effects.hpp"
#include "translator/knowable.hpp"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <fmt/format.h>

namespace xtbpf {

namespace {

// The same chain may be compiled for several hooks, so all functions but the entry get the entry's name in front.
void make_names_unique(codegen::Program& program, const std::string& entry) {
    std::vector<std::string> own;
    for (const codegen::Function& function : program.functions)
        own.push_back(function.name);
    const auto unique = [&](std::string& name) {
        if (name != entry && std::ranges::find(own, name) != own.end()) name = fmt::format("{}_{}", entry, name);
    };
    for (codegen::Function& function : program.functions) {
        for (codegen::Call& call : function.calls)
            unique(call.function);
        unique(function.name);
    }
}

class Compiler {
  public:
    Compiler(std::span<const ir::Table> tables, KernelClock clock, EarlyCode& code)
        : tables_(tables), clock_(clock), code_(code) {}

    // Compiles the chains in order; false if one couldn't be.
    bool compile(std::span<const EarlyStep> steps, bool goes_on) {
        for (std::size_t index = 0; index < steps.size(); ++index)
            if (!compile(steps[index], goes_on || index + 1 < steps.size())) return false;
        return true;
    }

  private:
    bool compile(const EarlyStep& step, bool accept_matters) {
        const auto table = std::ranges::find(tables_, step.table, &ir::Table::id);
        assert(table != tables_.end());
        const ir::Table pruned = prune_for_early(*table, step.hook, accept_matters);
        codegen::HookOptions options;
        options.clock = clock_;
        options.entry = early_chain_function(table->family, step.table, step.hook);
        options.knowable = [&step](const ir::Predicate& predicate) { return knowable(predicate, step.hook); };
        auto program = codegen::compile_hook(pruned, step.hook, hook_needs(pruned, step.hook), options);
        if (!program || program->deep) return false;
        make_names_unique(*program, options.entry);
        code_.chains.push_back(std::move(*program));
        code_.linked = static_cast<std::uint8_t>(code_.linked | 1U << early_chain_number(step.table, step.hook));
        return true;
    }

    std::span<const ir::Table> tables_;
    KernelClock clock_;
    EarlyCode& code_;
};

} // namespace

unsigned early_chain_number(TableId table, Hook hook) {
    if (hook == Hook::Prerouting) return table == TableId::Raw ? 0 : 1;
    const unsigned first = hook == Hook::Input ? 2 : 5;
    return first + (table == TableId::Mangle ? 0 : table == TableId::Filter ? 1 : 2);
}

std::string early_chain_function(Family family, TableId table, Hook hook) {
    std::string chain(name(hook));
    std::ranges::transform(chain, chain.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return fmt::format("xt_{}_{}_{}", family == Family::V4 ? "v4" : "v6", name(table), chain);
}

EarlyCode early_code(std::span<const ir::Table> tables, KernelClock clock) {
    EarlyCode code;
    const EarlyPlan plan = early_plan(tables);
    Compiler compiler(tables, clock, code);
    if (!compiler.compile(plan.prerouting, plan.needs_route())) return code;
    compiler.compile(plan.input, false);
    compiler.compile(plan.forward, false);
    return code;
}

} // namespace xtbpf
