// SPDX-License-Identifier: GPL-2.0-or-later
// One device of the early stage: what is on it, what may be put there, putting it there. Private to early_*.cpp.
#pragma once

#include "datapath/early_attach.hpp"
#include "datapath/early_devices.hpp"
#include "datapath/early_tc.hpp"
#include "datapath/fd.hpp"
#include "datapath/rtnetlink.hpp"
#include "translator/error.hpp"

#include <string_view>

namespace xtbpf::early {

// A device and what of ours is on it.
struct State {
    Device device;
    TcIngress tc;
    Fd xdp;    // ours, at XDP
    Fd filter; // ours, at tc

    bool foreign_xdp() const { return device.xdp_program != 0 && !xdp; }
    bool foreign_qdisc() const { return tc.qdisc && !(tc.ours && tc.ours->made_qdisc); }
};

Result<State> inspect(Rtnetlink& rtnetlink, Device device);

// Why a device is left to the exact stage; empty: it isn't.
std::string_view excluded(const State& state);

bool wants_xdp(const State& state, Choice choice);

// Puts one of the programs there, and takes away what is there of ours otherwise.
Result<Coverage> place(Rtnetlink& rtnetlink, const State& state, const Programs& programs, Choice choice);

Result<void> drop_xdp(Rtnetlink& rtnetlink, const State& state);
Result<void> drop_tc(Rtnetlink& rtnetlink, const State& state);

} // namespace xtbpf::early
