// SPDX-License-Identifier: GPL-2.0-or-later
// Where the early stage's programs are attached: on which device, how, and why not. Knows nothing of rules.
#pragma once

#include "translator/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::early {

// XTBPF_EARLY. Automatic: native XDP on hardware whose driver has it, tc elsewhere: on virtual devices the skb is there
// already, so that XDP saves nothing and costs a veth pair its segmentation offload.
enum class Choice : std::uint8_t { Automatic, Xdp, Tc, Off };
Result<Choice> choice_from_environment(); // refused: another word than xdp, tc, off, auto

enum class Place : std::uint8_t { None, Xdp, Tc };
std::string_view name(Place place); // "none", "xdp", "tc"

struct Coverage {
    std::string device;
    Place place = Place::None;
    std::string reason;        // of None
    bool active = false;       // switched on
    std::uint32_t program = 0; // its id; of coverage() only
};

// File descriptors of loaded programs; the devices take their own references.
struct Programs {
    int xdp = -1; // -1: none
    int tc = -1;
};

// Attaches to every device of the namespace that can be covered, each in one step if an older program is replaced
// there. A device that can't is no error: the exact stage filters it.
Result<std::vector<Coverage>> attach(const Programs& programs, Choice choice);

// Whether attach() would try XDP anywhere.
Result<bool> wants_xdp(Choice choice);

// Removes all programs of ours from the namespace's devices, and what came with them.
Result<void> detach();

// Switches off the attached programs, whatever generation they are; one that can't be is detached. Tells the ids of
// those that were on: only they may be switched on again, others may be left over from a commit that was killed.
Result<std::vector<std::uint32_t>> switch_off();
Result<void> switch_on(const std::vector<std::uint32_t>& programs);

// What is attached now.
Result<std::vector<Coverage>> coverage();

} // namespace xtbpf::early
