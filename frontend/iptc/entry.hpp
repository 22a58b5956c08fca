// SPDX-License-Identifier: GPL-2.0-or-later
// One rule to and from an entry of the kernel's ip_tables interface: struct ipt_entry or ip6t_entry, the structures of its
// matches, then that of its target. Offsets that lead out of the entry (jumps) are the table's business: layout.hpp.
#pragma once

#include "frontend/iptc/refusal.hpp"
#include "frontend/rule.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace xtbpf::iptc {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

std::size_t entry_size(Family family); // of the head alone

// The fields of an entry's head that hold it together; the rest is decode_entry's.
struct EntryHead {
    std::size_t target_offset, next_offset;
};
EntryHead head_of(View entry, Family family); // of at least entry_size() bytes

// A rule that leads to a chain or to the next rule has 0 for verdict (set_verdict). Errors: EINVAL for an extension that has no
// structure here.
Answer<Bytes> encode_entry(const Rule& rule, TableId table);

// An entry that only says `verdict`, and the head of a user chain or the end of the table (struct xt_error_target).
Bytes verdict_entry(Family family, std::int32_t verdict);
Bytes error_entry(Family family, std::string_view name);

void set_verdict(std::span<std::uint8_t> entry, Family family, std::int32_t verdict);

// What the target of an entry says, as far as it isn't an extension. `entry` is whole: its target lies within, sizes right.
struct PlainTarget {
    std::optional<std::int32_t> verdict; // standard target
    std::optional<std::string> error;    // error target
};
Answer<PlainTarget> plain_target(View entry, Family family);
bool is_unconditional(View entry, Family family); // no matches, no conditions

// Checks that an entry is whole (net/ipv4/netfilter/ip_tables.c, check_entry_size_and_hooks): EINVAL.
Answer<void> check_entry(View rest, Family family);

// `goal_of` says what a standard target's verdict means. An entry that the rule's own text wouldn't make again is refused
// (EINVAL), and so is an unknown extension (ENOENT).
using TargetOf = std::function<Answer<std::string>(std::int32_t verdict)>; // "ACCEPT", a chain, "" for the next rule
Answer<Rule> decode_entry(View entry, Family family, TableId table, const TargetOf& target_of,
                          const std::function<bool(std::string_view)>& is_chain);

} // namespace xtbpf::iptc
