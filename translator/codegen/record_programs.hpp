// SPDX-License-Identifier: GPL-2.0-or-later
// The small programs of the side chains (kmod-shim/anchor.hpp): each looks up the packet's record (record.h) under the skb's
// address and asks it one question. They return 1 for "matches", else 0.
#pragma once

#include <cstdint>
#include <linux/bpf.h>
#include <vector>

namespace xtbpf::codegen {

// `records` is the file descriptor of the map u64 -> struct xt_record.
std::vector<bpf_insn> need_program(int records, std::uint32_t number); // waits for hand-in `number`? Marks it as asked
std::vector<bpf_insn> yes_program(int records);                        // what was asked matched; always 1
std::vector<bpf_insn> due_program(int records,
                                  std::uint32_t number); // effect `number` is next? Steps on; the last effect
                                                         // of a packet to be dropped ends the record
std::vector<bpf_insn> orphan_program(int records);       // no record?
std::vector<bpf_insn> accepts_program(int records);      // accepted, and no effect left? Ends the record

} // namespace xtbpf::codegen
