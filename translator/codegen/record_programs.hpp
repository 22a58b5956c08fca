// SPDX-License-Identifier: GPL-2.0-or-later
// The small programs of the side chains (kmod-shim/anchor.hpp): each looks up the packet's record (record.h) under the skb's
// address and asks it one question. They return 1 for "matches", else 0.
#pragma once

#include <cstdint>
#include <linux/bpf.h>
#include <vector>

namespace xtbpf::codegen {

// `records` is the file descriptor of the map u64 -> struct xt_record.

// Nothing is to be done now? Otherwise it makes the next thing xt_record.current: an effect that is due, by its number, or
// the hand-in that the traversal waits for, whose number counts on from `effects`.
std::vector<bpf_insn> idle_program(int records, std::uint32_t effects);

// The digit of xt_record.current at `shift` is `digit`? Digits are of kStepBits.
inline constexpr unsigned kStepBits = 2;
std::vector<bpf_insn> digit_program(int records, unsigned shift, std::uint32_t digit);

std::vector<bpf_insn> yes_program(int records);    // the hand-in matched; always 1
std::vector<bpf_insn> orphan_program(int records); // no record?
// Accepted, and no effect left? Ends the record.
std::vector<bpf_insn> accepts_program(int records);
// Notes the packet's mark, which for the moment is the index of the out-device, as xt_record.out; always 1.
std::vector<bpf_insn> out_program(int records);

} // namespace xtbpf::codegen
