// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/early_walk.hpp"

#include "translator/dry_run.h"
#include "translator/early_code.hpp"
#include "translator/early_plan.hpp"
#include "translator/probes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace xtbpf {

namespace {

constexpr std::uint8_t kHighestTtl = 255;
constexpr std::uint32_t kNotReached = 0xff;

// As xt_walk of datapath/bpf/early.h goes.
std::array<EarlyStep, 5> way_to(Hook hook) {
    return {{{.table = TableId::Raw, .hook = Hook::Prerouting},
             {.table = TableId::Mangle, .hook = Hook::Prerouting},
             {.table = TableId::Mangle, .hook = hook},
             {.table = TableId::Filter, .hook = hook},
             {.table = TableId::Security, .hook = hook}}};
}

const ir::Table* find(std::span<const ir::Table> tables, TableId id) {
    const auto found = std::ranges::find(tables, id, &ir::Table::id);
    return found == tables.end() ? nullptr : &*found;
}

// The packet as the early stage may see one (plain, to this host's MAC, unmarked); what only netfilter knows of it is left as it is.
xt_view plain_at_ingress(xt_view view) {
    view.l4 = XT_L4_OK;
    view.frag_off = 0;
    view.pkttype = 0;
    view.mac_valid = 1;
    view.mark = 0;
    view.ext_headers = 0;
    view.ext_broken = 0;
    std::ranges::fill(view.ext_at, std::uint16_t{0});
    return view;
}

} // namespace

std::vector<xt_view> early_probes(std::span<const ir::Table> tables, Hook hook, std::size_t limit) {
    std::vector<xt_view> views;
    for (const EarlyStep& step : way_to(hook)) {
        const ir::Table* table = find(tables, step.table);
        if (!table) continue;
        for (xt_view view : probes(*table, step.hook, limit)) {
            if (step.hook == Hook::Forward) { // one less there, and never 0
                if (view.ttl == 0 || view.ttl == kHighestTtl) continue;
                ++view.ttl;
            }
            views.push_back(plain_at_ingress(view));
        }
    }
    return views;
}

std::optional<std::uint32_t> early_drop(std::span<const ir::Table> tables, Hook hook, const xt_view& view,
                                        const Environment& environment) {
    xt_view seen = view;
    std::memset(seen.out_name, 0, sizeof seen.out_name);
    std::vector<ir::Slot> path;
    std::array<std::uint32_t, 5> ends{};
    ends.fill(kNotReached);
    const auto steps = way_to(hook);
    for (std::size_t at = 0; at < steps.size(); ++at) {
        const TableId id = steps[at].table;
        const Hook at_hook = steps[at].hook;
        if (at_hook == Hook::Forward && seen.ttl == view.ttl) { // the first chain there
            std::memcpy(seen.out_name, view.out_name, sizeof seen.out_name);
            --seen.ttl;
        }
        if (const ir::Table* table = find(tables, id)) {
            seen.hook = static_cast<std::uint8_t>(at_hook);
            const Trace trace = interpret(*table, at_hook, seen, {}, environment);
            if (!trace.effects.empty() || trace.hotdrop || trace.unknown) return std::nullopt;
            path.insert(path.end(), trace.path.begin(), trace.path.end());
            if (!trace.accept) {
                std::uint32_t hash = xt_early_way(early_chain_number(id, at_hook), ends[0], ends[2], ends[3]);
                for (const ir::Slot slot : path)
                    hash = xt_path_mix(hash, slot);
                return hash;
            }
        }
        ends[at] = static_cast<std::uint32_t>(path.size());
    }
    return std::nullopt;
}

} // namespace xtbpf
