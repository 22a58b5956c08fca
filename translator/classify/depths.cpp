// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/depths.hpp"

#include "translator/classify/image.h"

#include <algorithm>
#include <vector>

namespace xtbpf::classify {

namespace {

struct Edge {
    std::uint32_t to; // number in the image
    std::uint32_t adds;
    auto operator<=>(const Edge&) const = default;
};

} // namespace

// A chain deepens until no jump changes anything; where chains loop, it gets too deep.
std::uint32_t pending_jumps(const ir::Table& table, std::span<const std::optional<std::uint32_t>> numbers) {
    std::size_t count = 0;
    for (const auto& number : numbers)
        count += number.has_value();
    std::vector<std::vector<Edge>> edges(count);
    for (std::size_t chain = 0; chain < numbers.size(); ++chain) {
        if (!numbers[chain]) continue;
        std::vector<Edge>& from = edges[*numbers[chain]];
        for (const ir::Rule& rule : table.chains[chain].rules)
            if (const auto* jump = std::get_if<ir::Jump>(&rule.action); jump && numbers[jump->chain])
                from.push_back({*numbers[jump->chain], jump->is_goto ? 0U : 1U});
        std::ranges::sort(from);
        from.erase(std::unique(from.begin(), from.end()), from.end());
    }
    std::vector<std::uint32_t> depths(count), due(count);
    for (std::uint32_t chain = 0; chain < count; ++chain)
        due[chain] = chain;
    while (!due.empty()) {
        const std::uint32_t chain = due.back();
        due.pop_back();
        for (const Edge& edge : edges[chain]) {
            const std::uint32_t depth = depths[chain] + edge.adds;
            if (depth > XT_WALK_DEPTH) return depth;
            if (depth <= depths[edge.to]) continue;
            depths[edge.to] = depth;
            due.push_back(edge.to);
        }
    }
    return depths.empty() ? 0 : *std::ranges::max_element(depths);
}

} // namespace xtbpf::classify
