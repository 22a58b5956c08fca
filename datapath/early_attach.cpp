// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_attach.hpp"

#include "datapath/early_program.hpp"
#include "datapath/early_tc.hpp"
#include "datapath/early_xdp.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace xtbpf::early {

namespace {

// A device and what of ours is on it.
struct State {
    Device device;
    TcIngress tc;
    Fd xdp;    // ours, at XDP
    Fd filter; // ours, at tc

    bool foreign_xdp() const { return device.xdp_program != 0 && !xdp; }
    bool foreign_qdisc() const { return tc.qdisc && !(tc.ours && tc.ours->made_qdisc); }
};

Result<std::vector<State>> inspect(Rtnetlink& rtnetlink) {
    auto found = devices(rtnetlink);
    if (!found) return std::unexpected(found.error());
    std::vector<State> states;
    for (Device& device : *found) {
        State state{.device = std::move(device), .tc = {}, .xdp = {}, .filter = {}};
        auto tc = inspect_tc(rtnetlink, state.device.index);
        if (!tc) return std::unexpected(tc.error());
        state.tc = *tc;
        if (state.device.xdp_program != 0) state.xdp = open_ours(state.device.xdp_program);
        if (state.tc.ours) state.filter = open_ours(state.tc.ours->program);
        states.push_back(std::move(state));
    }
    return states;
}

std::unexpected<Error> refused(const State& state, std::string_view what, int error) {
    return fail(ErrorKind::Refused, fmt::format("{}: can't {}: {}", state.device.name, what, std::strerror(error)));
}

Result<void> drop_xdp(Rtnetlink& rtnetlink, const State& state) {
    if (!state.xdp) return {};
    if (const int error = detach_xdp(rtnetlink, state.device.index, state.xdp.get()); error != 0)
        return refused(state, "detach the XDP program", error);
    return {};
}

Result<void> drop_tc(Rtnetlink& rtnetlink, const State& state) {
    if (const int error = detach_tc(rtnetlink, state.device.index, state.tc); error != 0)
        return refused(state, "detach the tc filter", error);
    return {};
}

// Why a device is left to the exact stage; empty: it isn't.
std::string_view excluded(const State& state) {
    if (!state.device.ethernet) return "not an Ethernet device";
    if (state.device.port) return "a port of another device";
    return {};
}

bool wants_xdp(const State& state, Choice choice) {
    if (!excluded(state).empty() || choice == Choice::Tc || choice == Choice::Off) return false;
    // Programs at tc ingress see the packet before netfilter does and after XDP: a drop at XDP would go unseen by them.
    if (state.foreign_xdp() || state.foreign_qdisc()) return false;
    if (choice == Choice::Xdp) return true;
    return state.device.hardware && !strips_vlan_tags(state.device.name);
}

Result<Coverage> place(Rtnetlink& rtnetlink, const State& state, const Programs& programs, Choice choice) {
    Coverage result{.device = state.device.name,
                    .place = Place::None,
                    .reason = std::string(excluded(state)),
                    .active = true,
                    .program = 0};
    if (programs.xdp >= 0 && wants_xdp(state, choice) &&
        attach_xdp(rtnetlink, state.device.index, programs.xdp, state.xdp ? state.xdp.get() : -1) == 0) {
        result.place = Place::Xdp;
        const auto dropped = drop_tc(rtnetlink, state);
        if (!dropped) return std::unexpected(dropped.error());
        return result;
    }
    if (result.reason.empty() && state.tc.last_taken) result.reason = "its last tc priority is taken";
    if (result.reason.empty()) {
        if (const int error = attach_tc(rtnetlink, state.device.index, state.tc, programs.tc); error == 0)
            result.place = Place::Tc;
        else
            result.reason = fmt::format("tc: {}", std::strerror(error));
    }
    if (result.place == Place::None) {
        result.active = false;
        if (auto dropped = drop_tc(rtnetlink, state); !dropped) return std::unexpected(dropped.error());
    }
    if (auto dropped = drop_xdp(rtnetlink, state); !dropped) return std::unexpected(dropped.error());
    return result;
}

} // namespace

Choice choice_from(const char* environment) {
    const std::string_view value = environment == nullptr ? "" : environment;
    if (value == "xdp") return Choice::Xdp;
    if (value == "tc") return Choice::Tc;
    if (value == "off") return Choice::Off;
    return Choice::Automatic;
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
