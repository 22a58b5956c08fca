// SPDX-License-Identifier: GPL-2.0-or-later
// Matches and targets within an entry: struct xt_entry_match and xt_entry_target, which have the same layout: size, name,
// revision, then the structure of the extension.
#pragma once

#include "frontend/iptc/entry.hpp"

#include <string_view>

namespace xtbpf::iptc {

struct Structure {
    std::size_t size = 0; // of all, as it says itself
    std::string_view name;
    std::uint8_t revision = 0;
    View data;          // as far as there are bytes
    bool named = false; // the name ends
};

// `bytes` has at least the head.
Structure structure_at(View bytes);

// Head and room: `size` bytes in all.
void append_structure(Bytes& out, std::string_view name, std::uint8_t revision, std::size_t size);

Answer<void> encode_match(const MatchDef& def, const Match& match, const RuleContext& rule, Bytes& out);
Answer<void> encode_target(const TargetDef& def, const Target& target, const RuleContext& rule, Bytes& out);
Answer<MatchUse> decode_match(const Structure& structure, const RuleContext& rule);
Answer<void> decode_target(const Structure& structure, const RuleContext& context, Rule& rule);

// Clears what isn't the user's; returns the size of all.
std::size_t normalize_structure(std::span<std::uint8_t> bytes, Family family, bool target);

// Whether the interface has it (IPT_SO_GET_REVISION_MATCH, _TARGET): 0, ENOENT for an unknown name, EPROTONOSUPPORT for an
// unknown revision.
int revision_error(std::string_view name, std::uint8_t revision, Family family, bool target);

} // namespace xtbpf::iptc
