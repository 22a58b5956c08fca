// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_attach.hpp"

#include "datapath/early_place.hpp"
#include "datapath/early_program.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <utility>

namespace xtbpf::early {

namespace {

Result<std::vector<State>> inspect(Rtnetlink& rtnetlink) {
    auto found = devices(rtnetlink);
    if (!found) return std::unexpected(found.error());
    std::vector<State> states;
    for (Device& device : *found) {
        auto state = inspect(rtnetlink, std::move(device));
        if (!state) return std::unexpected(state.error());
        states.push_back(std::move(*state));
    }
    return states;
}

} // namespace

Result<Choice> choice_from_environment() {
    const char* said = std::getenv("XTBPF_EARLY");
    const std::string_view value = said == nullptr ? "" : said;
    if (value.empty() || value == "auto") return Choice::Automatic;
    if (value == "xdp") return Choice::Xdp;
    if (value == "tc") return Choice::Tc;
    if (value == "off") return Choice::Off;
    return fail(ErrorKind::Refused, fmt::format("XTBPF_EARLY is \"{}\", not xdp, tc, off or auto", value));
}

std::string_view name(Place place) {
    switch (place) {
    case Place::None: return "none";
    case Place::Xdp: return "xdp";
    case Place::Tc: return "tc";
    }
    return "none";
}

Result<std::vector<Coverage>> attach(const Programs& programs, Choice choice) {
    auto rtnetlink = Rtnetlink::open();
    if (!rtnetlink) return std::unexpected(rtnetlink.error());
    auto states = inspect(*rtnetlink);
    if (!states) return std::unexpected(states.error());
    std::vector<Coverage> result;
    for (const State& state : *states) {
        auto placed = place(*rtnetlink, state, programs, choice);
        if (!placed) return std::unexpected(placed.error());
        result.push_back(std::move(*placed));
    }
    return result;
}

Result<bool> wants_xdp(Choice choice) {
    auto rtnetlink = Rtnetlink::open();
    if (!rtnetlink) return std::unexpected(rtnetlink.error());
    auto states = inspect(*rtnetlink);
    if (!states) return std::unexpected(states.error());
    return std::ranges::any_of(*states, [&](const State& state) { return wants_xdp(state, choice); });
}

Result<void> detach() {
    auto rtnetlink = Rtnetlink::open();
    if (!rtnetlink) return std::unexpected(rtnetlink.error());
    auto states = inspect(*rtnetlink);
    if (!states) return std::unexpected(states.error());
    for (const State& state : *states) {
        if (auto dropped = drop_xdp(*rtnetlink, state); !dropped) return dropped;
        if (auto dropped = drop_tc(*rtnetlink, state); !dropped) return dropped;
    }
    return {};
}

Result<std::vector<std::uint32_t>> switch_off() {
    auto rtnetlink = Rtnetlink::open();
    if (!rtnetlink) return std::unexpected(rtnetlink.error());
    auto states = inspect(*rtnetlink);
    if (!states) return std::unexpected(states.error());
    std::vector<std::uint32_t> were_on;
    const auto turn_off = [&](const Fd& program, std::uint32_t id) {
        const Result<bool> on = program ? read_switch(program.get()) : fail(ErrorKind::Refused, {});
        if (on && *on) were_on.push_back(id);
        return on && set_switch(program.get(), false);
    };
    for (const State& state : *states) {
        if (state.xdp && !turn_off(state.xdp, state.device.xdp_program))
            if (auto dropped = drop_xdp(*rtnetlink, state); !dropped) return std::unexpected(dropped.error());
        if (state.tc.ours && !turn_off(state.filter, state.tc.ours->program))
            if (auto dropped = drop_tc(*rtnetlink, state); !dropped) return std::unexpected(dropped.error());
    }
    return were_on;
}

Result<void> switch_on(const std::vector<std::uint32_t>& programs) {
    for (std::uint32_t id : programs)
        if (const Fd program = open_ours(id))
            if (auto done = set_switch(program.get(), true); !done) return done;
    return {};
}

Result<std::vector<Coverage>> coverage() {
    auto rtnetlink = Rtnetlink::open();
    if (!rtnetlink) return std::unexpected(rtnetlink.error());
    auto states = inspect(*rtnetlink);
    if (!states) return std::unexpected(states.error());
    std::vector<Coverage> result;
    for (const State& state : *states) {
        const Fd& program = state.xdp ? state.xdp : state.filter;
        Coverage covered{.device = state.device.name,
                         .place = Place::None,
                         .reason = std::string(excluded(state)),
                         .active = false,
                         .program = 0};
        if (program) {
            covered.place = state.xdp ? Place::Xdp : Place::Tc;
            covered.active = read_switch(program.get()).value_or(false);
            covered.program = state.xdp ? state.device.xdp_program : state.tc.ours->program;
        }
        result.push_back(std::move(covered));
    }
    return result;
}

} // namespace xtbpf::early
