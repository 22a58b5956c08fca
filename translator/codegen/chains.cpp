// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/chains.hpp"

#include "translator/chains.hpp"
#include "translator/codegen/function_writer.hpp"

#include <cassert>
#include <cctype>
#include <fmt/format.h>

namespace xtbpf::codegen {

namespace {

// The verifier's limit for the program as a whole (BPF_COMPLEXITY_LIMIT_INSNS), with room for revisited instructions.
constexpr std::size_t kMostInstructions = 900'000;

// BTF wants C identifiers; the chain's number keeps names apart that differ in other characters only.
std::string function_name(std::uint32_t chain, const std::string& chain_name) {
    std::string name = fmt::format("c{}_", chain);
    for (char c : chain_name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return name;
}

std::vector<std::span<const ir::Rule>> cut(std::span<const ir::Rule> rules, const Layout& layout, Family family) {
    std::vector<std::span<const ir::Rule>> parts;
    std::size_t begin = 0;
    std::uint64_t size = 0;
    for (std::size_t at = 0; at < rules.size(); ++at) {
        std::uint64_t cost = estimate(rules[at], family);
        if (const auto* jump = std::get_if<ir::Jump>(&rules[at].action); jump && !layout.places[jump->chain].function)
            cost += layout.places[jump->chain].size;
        if (at > begin && size + cost > kPartSize) {
            parts.push_back(rules.subspan(begin, at - begin));
            begin = at;
            size = 0;
        }
        size += cost;
    }
    parts.push_back(rules.subspan(begin));
    return parts;
}

} // namespace

Result<Program> compile_hook(const ir::Table& table, Hook hook, const HookNeeds& needs, const HookOptions& options) {
    const std::optional<std::uint32_t> root = builtin_chain(table, hook);
    assert(root);
    const Layout layout = lay_out(table, *root, table.family);
    assert(layout.answers.kernel_matches.size() == needs.kernel_matches.size());
    if (layout.answers.kernel_matches.size() + layout.answers.limits.size() > 32)
        return fail(ErrorKind::Refused,
                    fmt::format("{} reaches more than 32 matches that only the kernel can evaluate", name(hook)));

    HookContext context{table, needs, options, layout, {}};
    context.names.resize(table.chains.size());
    for (std::uint32_t chain : layout.order)
        context.names[chain] = chain == *root ? options.entry : function_name(chain, table.chains[chain].name);

    Program program;
    std::size_t total = 0;
    const auto add = [&](FunctionWriter&& writer) -> Result<void> {
        Result<Function> function = std::move(writer).finish();
        if (!function) return std::unexpected(function.error());
        total += function->insns.size();
        if (total > kMostInstructions)
            return fail(ErrorKind::Refused, fmt::format("{} compiles to more than {} instructions", name(hook), kMostInstructions));
        program.functions.push_back(std::move(*function));
        return {};
    };

    for (std::uint32_t chain : layout.order) {
        const ChainPlace& place = layout.places[chain];
        if (!place.function) continue;
        FunctionWriter writer(context, context.names[chain]);
        if (!in_parts(place)) {
            writer.whole_chain(chain);
            if (Result<void> added = add(std::move(writer)); !added) return std::unexpected(added.error());
            continue;
        }
        std::vector<std::string> names;
        const auto parts = cut(table.chains[chain].rules, layout, table.family);
        for (std::size_t index = 0; index < parts.size(); ++index)
            names.push_back(fmt::format("{}_part{}", context.names[chain], index));
        writer.calls_of_parts(chain, names);
        if (Result<void> added = add(std::move(writer)); !added) return std::unexpected(added.error());
        for (std::size_t index = 0; index < parts.size(); ++index) {
            FunctionWriter part(context, names[index]);
            part.part_of_chain(parts[index]);
            if (Result<void> added = add(std::move(part)); !added) return std::unexpected(added.error());
        }
    }
    return program;
}

} // namespace xtbpf::codegen
