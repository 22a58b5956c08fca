// SPDX-License-Identifier: GPL-2.0-or-later
// What an effect does to the packet that is explained.
#pragma once

#include "frontend/xtbpf/explain/packet.hpp"
#include "translator/effect.hpp"

namespace xtbpf::tool {

enum class Fate : std::uint8_t {
    Undecided, // goes on
    Accept,    // to the next table
    Drop,
    Reject,
    Taken,   // the kernel, or a program, has it now: NFQUEUE
    Unknown, // can't be told
};

// Changes the packet as the kernel would; what can't be told of it afterwards is forgotten. The fate that the effect gives.
Fate perform(const ir::Effect& effect, Hook hook, Packet& packet);

} // namespace xtbpf::tool
