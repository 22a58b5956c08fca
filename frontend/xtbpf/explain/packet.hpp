// SPDX-License-Identifier: GPL-2.0-or-later
// A packet to be explained: its bytes, its view, and how much of the view is really known.
#pragma once

#include "frontend/xtbpf/explain/knowledge.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"
#include "translator/view.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::tool {

enum class State : std::uint8_t { New, Established, Related, Invalid, Untracked };
std::string_view name(State state); // "NEW" ...

struct Packet {
    Family family = Family::V4;
    std::vector<std::uint8_t> bytes; // from the network header on
    xt_view view{};                  // as behind connection tracking; device names are filled in at each hook
    Knowledge known;
    std::optional<State> state; // of its connection
    std::string words;          // what is known, for people
};

// An IP packet whose bytes are known; nullopt: it isn't one. Not known: where it comes from, its connection, its socket.
std::optional<Packet> packet_from_bytes(std::span<const std::uint8_t> bytes);

// "tcp src 10.0.0.1 dport 80 flags SYN state NEW mark 0x1": docs/XTBPF.md has the words. What they don't say is unknown, but
// for what makes a packet ordinary: it is whole, not a fragment, has no options and no extension headers, no mark.
// `base`: a captured packet that the words say more about; nullptr: they say all. Errors: BadParameter.
Result<Packet> packet_from_words(const std::vector<std::string>& words, std::optional<Family> family,
                                 const Packet* base);

} // namespace xtbpf::tool
