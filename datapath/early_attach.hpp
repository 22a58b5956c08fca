// SPDX-License-Identifier: GPL-2.0-or-later
// Where the early stage's programs are attached: on which device, how, and why not. Knows nothing of rules.
#pragma once

#include "datapath/early_devices.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::early {

// XTBPF_EARLY. Automatic: native XDP on hardware whose driver has it, tc elsewhere: on virtual devices the skb is there
// already, so that XDP saves nothing and costs a veth pair its segmentation offload.
enum class Choice : std::uint8_t { Automatic, Xdp, Tc, Off };
Choice choice_from(const char* environment); // nullptr or anything unknown: Automatic

enum class Place : std::uint8_t { None, Xdp, Tc };
std::string_view name(Place place); // "none", "xdp", "tc"

struct Coverage {
    std::string device;
    Place place = Place::None;
    std::string reason;  // of None
    bool active = false; // switched on
};

// File descriptors of loaded programs; the devices take their own references.
struct Programs {
    int xdp = -1;
    int tc = -1;
};

// Attaches to every device of the namespace that can be covered, each in one step if an older program is replaced
// there. A device that can't is no error: the exact stage filters it.
Result<std::vector<Coverage>> attach(const Programs& programs, Choice choice);

// Removes all programs of ours from the namespace's devices, and what came with them.
Result<void> detach();

// Switches the attached programs, whatever generation they are, on or off. Those that can't be switched are detached.
Result<void> switch_all(bool on);

// What is attached now.
Result<std::vector<Coverage>> coverage();

} // namespace xtbpf::early
