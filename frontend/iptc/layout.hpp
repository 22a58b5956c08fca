// SPDX-License-Identifier: GPL-2.0-or-later
// A table to and from the form in which the kernel's ip_tables interface has it: entries one after the other, the built-in
// chains first, each closed by its policy; then user chains, each headed by an ERROR entry with its name and closed by a
// RETURN; last an ERROR entry. libiptc/libiptc.c reads and writes it so; net/ipv4/netfilter/ip_tables.c (translate_table)
// checks it.
#pragma once

#include "frontend/iptc/entry.hpp"
#include "translator/table.hpp"

#include <array>

namespace xtbpf::iptc {

struct Layout {
    Bytes entries;
    std::vector<Counters> counters;                              // one per entry
    std::uint32_t valid_hooks = 0;                               // hook_bit()s
    std::array<std::uint32_t, kHooks> hook_entry{}, underflow{}; // offsets; only those of valid hooks mean something
};

// Errors: EINVAL with the rule that the interface has no form for.
enum class Age : std::uint8_t { New, Old }; // of structures (revisions.hpp)
Answer<Layout> encode_table(const StoredTable& table, Age age = Age::New);

// What a program asks to be put in force. `layout.counters` only has to have one place per entry. Accounts of the result are
// new. Errors: as the kernel's (EINVAL, ENOENT, ELOOP is link()'s).
Answer<StoredTable> decode_table(const Layout& layout, Family family, TableId table);

// Where the entries of a table's layout count, in their order; nullptr for those that don't.
std::vector<Account*> accounts_in_layout(StoredTable& table);
std::vector<Counters> counters_in_layout(StoredTable table);

// Puts the counters into the entries.
void write_counters(Layout& layout, Family family);

// Lets rules of `next` that stand in `current`, at the beginning or the end of the same chain, keep their slots, with counters
// that begin at 0 when `current` was read: what they count during the swap isn't lost.
void keep_slots(StoredTable& next, const StoredTable& current);

} // namespace xtbpf::iptc
