// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/chains.hpp"

#include "translator/chains.hpp"
#include "translator/codegen/function_writer.hpp"
#include "translator/codegen/functions.hpp"
#include "translator/record.h"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstddef>
#include <fmt/format.h>
#include <limits>

namespace xtbpf::codegen {

namespace {

// BTF wants C identifiers; the chain's number keeps names apart that differ in other characters only.
std::string function_name(std::uint32_t chain, const std::string& chain_name) {
    std::string name = fmt::format("c{}_", chain);
    for (char c : chain_name)
        name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return name;
}

std::uint64_t size_of(const ir::Rule& rule, const HookContext& context) {
    const auto* jump = std::get_if<ir::Jump>(&rule.action);
    const bool inside = jump && !context.layout.places[jump->chain].function;
    return estimate(rule, context.table.family) + (inside ? context.layout.places[jump->chain].size : 0);
}

// A long chain in spans of rules for one function each, in order. Runs that are searched stay whole if they can.
std::vector<std::span<const ir::Rule>> cut(std::span<const ir::Rule> rules, const HookContext& context) {
    std::vector<std::span<const ir::Rule>> parts;
    std::size_t begin = 0;
    std::uint64_t size = 0;
    for (std::size_t at = 0; at < rules.size();) {
        const auto run = leading_run(rules.subspan(at), context.table.family, context.options.knowable);
        std::size_t length = 0;
        std::uint64_t cost = 0;
        do {
            cost += size_of(rules[at + length], context);
            ++length;
        } while (run && length < run->rules && cost < kPartSize);
        if (at > begin && size + cost > kPartSize) {
            parts.push_back(rules.subspan(begin, at - begin));
            begin = at;
            size = 0;
        }
        size += cost;
        at += length;
    }
    parts.push_back(rules.subspan(begin));
    return parts;
}

Result<void> write_chain(const HookContext& context, std::uint32_t chain, Functions& functions) {
    std::uint32_t sites = 0;
    const std::string& name = context.names[chain];
    FunctionWriter writer(context, chain, name, sites);
    if (!in_parts(context.layout.places[chain])) {
        writer.whole_chain(chain);
        return functions.add(std::move(writer).finish());
    }
    std::vector<FunctionWriter::Part> parts;
    for (std::span<const ir::Rule> rules : cut(context.table.chains[chain].rules, context)) {
        const std::string part_name = fmt::format("{}_part{}", name, parts.size());
        FunctionWriter part(context, chain, part_name, sites);
        part.part_of_chain(rules);
        parts.push_back({part_name, sites});
        if (Result<void> added = functions.add(std::move(part).finish()); !added) return added;
    }
    writer.calls_of_parts(chain, parts);
    if (sites > std::numeric_limits<std::uint16_t>::max())
        return fail(ErrorKind::Refused, fmt::format("chain {} has too many jumps", context.table.chains[chain].name));
    return functions.add(std::move(writer).finish());
}

// Chains in which, or below which, a traversal can stop.
std::vector<bool> stopping_chains(const HookContext& context) {
    std::vector<bool> stopping(context.table.chains.size());
    if (context.options.knowable) return stopping; // the early stage defers there
    for (auto chain = context.layout.order.rbegin(); chain != context.layout.order.rend(); ++chain)
        for (const ir::Rule& rule : context.table.chains[*chain].rules) {
            const auto* off = std::get_if<ir::HandOff>(&rule.action);
            const auto* jump = std::get_if<ir::Jump>(&rule.action);
            if ((off && stops(context.needs, off->effect)) || (jump && stopping[jump->chain]) ||
                std::ranges::any_of(rule.predicates, [](const ir::Predicate& predicate) {
                    return std::holds_alternative<ir::KernelMatch>(predicate);
                }))
                stopping[*chain] = true;
        }
    return stopping;
}

// Calls the chain function whose number is v->callee, by halving.
Result<Function> dispatch(const HookContext& context, const std::vector<std::uint32_t>& chains) {
    Assembler out("dispatch");
    const Label drop = out.label();
    const Label there = out.label();
    out.jump_if_not_null(Reg::Arg2, there);
    out.jump(drop);
    out.place(there);
    out.load(Reg::Arg3, Reg::Arg2, offsetof(xt_view, callee), Width::Half);
    struct Span {
        std::size_t begin, end;
        Label at;
    };
    const Label all = out.label();
    std::vector<Span> waiting{{0, chains.size(), all}};
    while (!waiting.empty()) {
        const Span span = waiting.back();
        waiting.pop_back();
        out.place(span.at);
        if (span.end - span.begin == 1) {
            out.jump_if(Condition::NotEqual, Reg::Arg3, static_cast<std::uint32_t>(span.begin), drop);
            out.call(context.names[chains[span.begin]]);
            out.exit();
            continue;
        }
        const std::size_t middle = (span.begin + span.end) / 2;
        const Label upper = out.label();
        out.jump_if(Condition::GreaterEqual, Reg::Arg3, static_cast<std::uint32_t>(middle), upper);
        waiting.push_back({middle, span.end, upper});
        waiting.push_back({span.begin, middle, out.label()}); // next in line: falls through
    }
    out.place(drop);
    out.return_value(XT_DROP);
    return std::move(out).finish();
}

} // namespace

std::uint64_t code_size(const ir::Table& table, Hook hook) {
    std::uint64_t size = 0;
    chain_order(table, *builtin_chain(table, hook),
                [&](const ir::Rule& rule) { size += estimate(rule, table.family); });
    return size;
}

Result<Program> compile_hook(const ir::Table& table, Hook hook, const HookNeeds& needs, const HookOptions& options) {
    const std::optional<std::uint32_t> root = builtin_chain(table, hook);
    assert(root);
    const Layout layout = lay_out(table, *root, table.family);
    for (std::uint32_t chain : layout.order)
        if (layout.places[chain].level > XT_MOST_NESTED)
            return fail(ErrorKind::Refused,
                        fmt::format("the chains of {} nest deeper than {}", name(hook), XT_MOST_NESTED));

    HookContext context{table, needs, options, layout, {}, {}, {}};
    context.stops = stopping_chains(context);
    context.names.resize(table.chains.size());
    context.numbers.resize(table.chains.size());
    std::vector<std::uint32_t> chains; // that are functions, by number; the built-in chain is number 0
    for (std::uint32_t chain : layout.order) {
        if (!layout.places[chain].function) continue;
        context.numbers[chain] = static_cast<std::uint32_t>(chains.size());
        context.names[chain] =
            chain == *root && !layout.deep ? options.entry : function_name(chain, table.chains[chain].name);
        chains.push_back(chain);
    }

    Functions functions(hook);
    if (layout.deep) { // the loop, which comes back through dispatch
        if (Result<void> added = functions.add(entry_to("rt_deep", options.entry)); !added)
            return std::unexpected(added.error());
        if (Result<void> added = functions.add(dispatch(context, chains)); !added)
            return std::unexpected(added.error());
    }
    for (std::uint32_t chain : chains)
        if (Result<void> added = write_chain(context, chain, functions); !added) return std::unexpected(added.error());
    Program program = std::move(functions).take();
    program.deep = layout.deep;
    return program;
}

} // namespace xtbpf::codegen
