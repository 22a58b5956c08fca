// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_place.hpp"

#include "datapath/early_program.hpp"
#include "datapath/early_xdp.hpp"

#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace xtbpf::early {

namespace {

std::unexpected<Error> refused(const State& state, std::string_view what, int error) {
    return fail(ErrorKind::Refused, fmt::format("{}: can't {}: {}", state.device.name, what, std::strerror(error)));
}

} // namespace

Result<State> inspect(Rtnetlink& rtnetlink, Device device) {
    State state{.device = std::move(device), .tc = {}, .xdp = {}, .filter = {}};
    auto tc = inspect_tc(rtnetlink, state.device.index);
    if (!tc) return std::unexpected(tc.error());
    state.tc = *tc;
    if (state.device.xdp_program != 0) state.xdp = open_ours(state.device.xdp_program);
    if (state.tc.ours) state.filter = open_ours(state.tc.ours->program);
    return state;
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

} // namespace xtbpf::early
