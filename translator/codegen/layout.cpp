// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/layout.hpp"

#include "translator/native_match.hpp"

#include <algorithm>

namespace xtbpf::codegen {

namespace {

// BPF allows eight frames (MAX_CALL_FRAMES): the program, levels 1 to 6, a runtime function.
constexpr std::uint32_t kDeepest = 6;

struct Cost {
    Family family;
    std::uint64_t words() const { return family == Family::V4 ? 1 : 4; }
    static std::uint64_t field(const ir::FieldTest& test) { return 5 + 3 * std::uint64_t{test.ranges.size()}; }
    std::uint64_t operator()(const ir::FieldTest& test) const { return 2 * field(test); } // in the row and in the block
    std::uint64_t operator()(const ir::AnyOf& any) const {
        std::uint64_t sum = 1;
        for (const ir::FieldTest& test : any.tests)
            sum += field(test);
        return sum;
    }
    std::uint64_t operator()(const ir::AddressTest&) const { return 6 + 3 * words(); }
    std::uint64_t operator()(const ir::AddressRange&) const { return 1 + 6 * words(); }
    std::uint64_t operator()(const ir::InterfaceTest&) const { return 15; }
    std::uint64_t operator()(const ir::ProtocolTest&) const { return 10; }
    std::uint64_t operator()(const ir::HeaderTest&) const { return 5; }
    std::uint64_t operator()(const ir::TcpOptionTest&) const { return 6; }
    std::uint64_t operator()(const ir::LimitTest&) const { return 20; }
    std::uint64_t operator()(const ir::CountTest&) const { return 12; }
    std::uint64_t operator()(const ir::KernelMatch& match) const {
        const auto native = native_match(match);
        std::uint64_t sum = 8;
        if (!native) return sum;
        sum += 13 * std::uint64_t{native->calls.size()} + 16 * std::uint64_t{native->classic.size()};
        if (!native->header) return sum;
        for (const auto* list : {&native->header->sure, &native->header->tests})
            for (const ir::Predicate& predicate : *list)
                sum += std::visit(*this, predicate);
        return sum + 14;
    }
    std::uint64_t operator()(const ir::BytesTest& test) const { return kLoad + 3 * std::uint64_t{test.ranges.size()}; }
    std::uint64_t operator()(const ir::ExtensionTest& test) const { return 4 + (test.whole ? kLoad + 8 : 0); }
    std::uint64_t operator()(const ir::TcpMssTest&) const { return 9; }
    std::uint64_t operator()(const ir::U32Test& u32) const {
        std::uint64_t sum = 1;
        for (const ir::U32Test::One& test : u32.tests)
            sum += kLoad + 3 * std::uint64_t{test.ranges.size()} + kLoad * std::uint64_t{test.steps.size()};
        return sum;
    }
    static constexpr std::uint64_t kLoad = 16; // of bytes, by a helper
};

std::vector<std::uint32_t> callees(const ir::Chain& chain) {
    std::vector<std::uint32_t> list;
    for (const ir::Rule& rule : chain.rules)
        if (const auto* jump = std::get_if<ir::Jump>(&rule.action)) list.push_back(jump->chain);
    return list;
}

} // namespace

ChainOrder number_matches(const ir::Table& table, std::uint32_t builtin_chain, MatchNumbers& numbers) {
    return chain_order(table, builtin_chain, [&](const ir::Rule& rule) {
        for (const ir::Predicate& predicate : rule.predicates)
            if (const auto* match = std::get_if<ir::KernelMatch>(&predicate))
                numbers.emplace(match, static_cast<std::uint32_t>(numbers.size()));
    });
}

std::uint64_t estimate(const ir::Rule& rule, Family family) {
    std::uint64_t sum = 20; // counter and action, its share of a search
    for (const ir::Predicate& predicate : rule.predicates)
        sum += std::visit(Cost{family}, predicate);
    return sum;
}

Layout lay_out(const ir::Table& table, std::uint32_t builtin_chain, Family family) {
    Layout layout;
    const ChainOrder order = number_matches(table, builtin_chain, layout.matches);
    layout.order.assign(order.callees_first.rbegin(), order.callees_first.rend());
    layout.places.resize(table.chains.size());
    for (std::uint32_t chain : layout.order)
        for (std::uint32_t callee : callees(table.chains[chain]))
            ++layout.places[callee].callers;

    // Sizes from the leaves up; a chain that is big or has several callers stays out of its callers.
    for (auto chain = layout.order.rbegin(); chain != layout.order.rend(); ++chain) {
        ChainPlace& place = layout.places[*chain];
        for (const ir::Rule& rule : table.chains[*chain].rules) {
            place.size += estimate(rule, family);
            if (const auto* jump = std::get_if<ir::Jump>(&rule.action); jump && !layout.places[jump->chain].function)
                place.size += layout.places[jump->chain].size;
        }
        place.function = place.callers > 1 || in_parts(place) || *chain == builtin_chain;
    }

    // Levels from the top down.
    layout.places[builtin_chain].level = 1;
    for (std::uint32_t chain : layout.order) {
        const ChainPlace& place = layout.places[chain];
        const std::uint32_t inner = place.level + (place.function && in_parts(place) ? 1 : 0);
        for (std::uint32_t callee : callees(table.chains[chain])) {
            ChainPlace& below = layout.places[callee];
            below.level = std::max(below.level, inner + (below.function ? 1 : 0));
        }
    }
    for (std::uint32_t chain : layout.order)
        if (const ChainPlace& place = layout.places[chain]; place.level + (in_parts(place) ? 1 : 0) > kDeepest)
            layout.deep = true;
    return layout;
}

} // namespace xtbpf::codegen
