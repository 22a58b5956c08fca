// SPDX-License-Identifier: GPL-2.0-or-later
// The early stage's programs as the kernel knows them: whose they are, and the switch that lets them act.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

#include <cstdint>

namespace xtbpf::early {

// Names in datapath/bpf/early.bpf.c; what isn't called so is somebody else's.
inline constexpr const char* kXdpProgram = "xt_early_xdp";
inline constexpr const char* kTcProgram = "xt_early_tc";
inline constexpr const char* kSwitchMap = "xt_early_on";

// The program with this id if it is one of ours.
Fd open_ours(std::uint32_t id);

// Lets a program act, or makes it leave every packet alone.
Result<void> set_switch(int program_fd, bool on);
Result<bool> read_switch(int program_fd);

} // namespace xtbpf::early
