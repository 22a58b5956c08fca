// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/guards.hpp"

#include "translator/chains.hpp"
#include "translator/codegen/dispatch.hpp"
#include "translator/codegen/functions.hpp"
#include "translator/codegen/layout.hpp"
#include "translator/codegen/sites.hpp"

#include <cstddef>
#include <fmt/format.h>
#include <vector>

namespace xtbpf::codegen {

namespace {

struct Numbered {
    std::uint32_t number; // in the image
    const ir::Rule* rule;
    std::uint32_t from; // its first predicate that is the code's
};

// Evaluates guard v->callee, from site v->resume on if that isn't 0. `sites`: how many the parts before have.
Result<Function> part(const std::string& name, std::span<const Numbered> guards, Family family,
                      const MatchNumbers& matches, const HookOptions& options, std::uint32_t& sites_so_far) {
    Assembler out(name);
    const Label no = out.label(), hotdrop = out.label(), stop = out.label(), resume = out.label();
    Sites sites(sites_so_far);
    PredicateWriter predicates(out, family, matches, options.clock, sites, {.hotdrop = hotdrop, .stop = stop});

    out.begin(XT_DROP);
    out.load(Reg::Value, Reg::View, offsetof(xt_view, resume), Width::Half);
    out.jump_if(Condition::NotEqual, Reg::Value, 0, resume);
    out.load(Reg::Value, Reg::View, offsetof(xt_view, callee), Width::Half);
    std::vector<Case> cases;
    for (const Numbered& guard : guards)
        cases.push_back({guard.number, out.label()});
    dispatch_equal(out, cases, 0xffff, hotdrop);
    for (std::size_t at = 0; at < guards.size(); ++at) {
        out.place(cases[at].at);
        for (const ir::Predicate& predicate : std::span(guards[at].rule->predicates).subspan(guards[at].from))
            predicates.require(predicate, no);
        out.return_value(XT_ACCEPT);
    }
    out.place(resume);
    out.store_imm(Reg::View, offsetof(xt_view, resume), 0, Width::Half);
    sites.dispatch(out, hotdrop);
    out.place(no);
    out.return_value(XT_CONTINUE);
    out.place(stop);
    out.return_value(XT_STOP);
    out.place(hotdrop);
    out.return_value(options.knowable ? XT_DEFER : XT_DROP);
    return std::move(out).finish();
}

struct Part {
    std::string name;
    std::span<const Numbered> guards;
};

// Calls the part that has guard v->callee.
Result<Function> dispatcher(std::span<const Part> parts) {
    Assembler out("guards");
    out.begin(XT_DROP);
    out.load(Reg::Value, Reg::View, offsetof(xt_view, callee), Width::Half);
    std::vector<Case> cases;
    for (const Part& part : parts)
        cases.push_back({part.guards.front().number, out.label()});
    dispatch_range(out, cases);
    for (std::size_t at = 0; at < parts.size(); ++at) {
        out.place(cases[at].at);
        out.copy(Reg::Arg1, Reg::Context);
        out.copy(Reg::Arg2, Reg::View);
        out.call(parts[at].name);
        out.exit();
    }
    return std::move(out).finish();
}

std::vector<Numbered> guards_of(const ir::Table& table, std::uint32_t root, const classify::Image& image) {
    std::vector<bool> reachable(table.chains.size());
    for (std::uint32_t chain : chain_order(table, root).entered)
        reachable[chain] = true;
    std::vector<Numbered> guards;
    for (std::uint32_t number = 0; number < image.guards.size(); ++number) {
        const classify::Guard& guard = image.guards[number];
        if (reachable[guard.chain])
            guards.push_back({number, &table.chains[guard.chain].rules[guard.rule], guard.from});
    }
    return guards;
}

std::vector<Part> cut(std::span<const Numbered> guards, Family family) {
    std::vector<Part> parts;
    std::uint64_t size = 0;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < guards.size(); ++at) {
        const std::uint64_t cost = estimate(*guards[at].rule, family);
        if (at > begin && size + cost > kGuardsSize) {
            parts.push_back({fmt::format("guards_{}", parts.size()), guards.subspan(begin, at - begin)});
            begin = at;
            size = 0;
        }
        size += cost;
    }
    parts.push_back({fmt::format("guards_{}", parts.size()), guards.subspan(begin)});
    return parts;
}

} // namespace

Result<Program> compile_walk(const ir::Table& table, Hook hook, const classify::Image& image,
                             const HookOptions& options) {
    const std::uint32_t root = *builtin_chain(table, hook);
    const std::vector<Numbered> guards = guards_of(table, root, image);
    Functions functions(hook);
    Result<void> added = functions.add(entry_to("rt_image", options.entry));
    if (added && !guards.empty()) {
        MatchNumbers matches;
        number_matches(table, root, matches);
        std::vector<Part> parts = cut(guards, table.family);
        if (parts.size() == 1)
            parts.front().name = "guards";
        else
            added = functions.add(dispatcher(parts));
        std::uint32_t sites = 0;
        for (const Part& one : parts)
            if (added) added = functions.add(part(one.name, one.guards, table.family, matches, options, sites));
        if (added && sites >= XT_SITE_BEHIND)
            return fail(ErrorKind::Refused, fmt::format("{} asks the kernel's matches in too many rules", name(hook)));
    }
    if (!added) return std::unexpected(added.error());
    return std::move(functions).take();
}

} // namespace xtbpf::codegen
