// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_follow.hpp"

#include "datapath/early_place.hpp"
#include "datapath/early_program.hpp"

#include <utility>

namespace xtbpf::early {

namespace {

bool acts(const Fd& program) { return program && read_switch(program.get()).value_or(false); }

// The programs that act: one for each place, wherever found first.
struct Acting {
    Fd xdp, tc;
    std::uint32_t xdp_id = 0, tc_id = 0;

    void take(State& state) {
        if (!xdp && acts(state.xdp)) {
            xdp = std::move(state.xdp);
            xdp_id = state.device.xdp_program;
        }
        if (!tc && acts(state.filter)) {
            tc = std::move(state.filter);
            tc_id = state.tc.ours->program;
        }
    }

    bool covers(const State& state) const {
        return (xdp_id != 0 && state.device.xdp_program == xdp_id) ||
               (tc_id != 0 && state.tc.ours && state.tc.ours->program == tc_id);
    }
};

} // namespace

Result<Followed> follow(const std::set<int>& known, Choice choice, Look look, const Programs& spare) {
    auto rtnetlink = Rtnetlink::open();
    if (!rtnetlink) return std::unexpected(rtnetlink.error());
    auto found = devices(*rtnetlink);
    if (!found) return std::unexpected(found.error());
    Followed out;
    Acting acting;
    std::vector<State> uncovered;
    for (Device& device : *found) {
        const int index = device.index;
        const bool old = known.contains(index);
        out.devices.insert(index);
        if (old && look == Look::New && acting.tc && (acting.xdp || !device.hardware)) continue;
        auto state = inspect(*rtnetlink, std::move(device));
        if (!state) continue; // gone meanwhile
        if (old) {
            out.were_any |= excluded(*state).empty();
            acting.take(*state);
        }
        if (!old || look == Look::All) uncovered.push_back(std::move(*state));
    }
    const bool act = acting.xdp || acting.tc;
    const Programs programs = act ? Programs{.xdp = acting.xdp.get(), .tc = acting.tc.get()} : spare;
    for (const State& state : uncovered) {
        if (!excluded(state).empty() || acting.covers(state)) continue;
        const bool any = programs.tc >= 0 || (programs.xdp >= 0 && wants_xdp(state, choice));
        auto covered = any ? place(*rtnetlink, state, programs, choice) : Coverage{};
        if (!covered || covered->place == Place::None)
            out.lacking = true;
        else
            out.covered.push_back(std::move(*covered));
    }
    out.spare_used = !act && !out.covered.empty();
    return out;
}

} // namespace xtbpf::early
