// SPDX-License-Identifier: GPL-2.0-or-later
// The anchor: this project's own nf_tables table per family, which calls the loaded BPF programs from base chains at
// the hooks and priorities of iptables, keeps them alive as long as the network namespace, and performs effects for
// them.
//
// Layout of nf_tables table `iptables-bpf` (family ip or ip6), for iptables table T and hook H:
//   chain T-H (base chain, policy accept; created once, then only its rules are replaced: a recreated base chain would let
//       packets through for an instant): `xt bpf(main)` -> drop, or -> goto the side chain of this generation.
//       Where H has no rules and accepts, there is nothing to ask a program: only `counter name T-H`, which costs a packet 110 ns
//       less. The counter stays as long as T, as what it has counted goes on counting.
//   chain T-H-side-G (regular, only with effects or hand-ins): `xt bpf(orphan) drop`; `stops` times: `jump T-H-do-G`, `xt
//       bpf(again) goto T-H-done-G`; then, where nothing stops, `goto T-H-done-G`, else drop
//   chain T-H-done-G: `jump T-H-do-G`, `xt bpf(accepts) accept`, drop. A lost record fails closed.
//   chain T-H-do-G: `passes` times (one more with hand-ins): `xt bpf(idle) return`, `jump T-H-step0-0-G`
//   chains T-H-stepL-N-G: a tree that leads to the step which is due: an effect, or a hand-in `xt MATCH xt bpf(yes)`; at each
//       level L one digit of its number decides, `xt bpf(digit)`. A last step tells the program the hook's out-device: through
//       the mark, which is then put back.
// All these but the counters stand in a table of T's own name instead, as long as some step of T is tied to it
// (ir::KernelTarget::tied).
//   chain T-store (regular, never reached): `xt bpf(holder)`, whose userdata is the StoreTag of the datapath; the rule keeps
//       the holder program and so the store's maps alive
//   chain conntrack (regular, never reached): `ct state new`, while any table of the family needs conntrack
// G is the generation number. Everything that belongs to T is swapped in one transaction.
#pragma once

#include "kmod-shim/netlink.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/table.hpp"
#include "translator/tables.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf::anchor {

// A file descriptor of a loaded SOCKET_FILTER program; the anchor takes its own reference at commit.
using ProgramFd = int;

inline constexpr std::size_t kStepDigits = 4; // a digit's values

struct HookPlan {
    Hook hook;
    ProgramFd main = -1; // 0: accept; 1: look further. -1: there is none, all is accepted and counted in nf_tables
    // Steps, numbered from 0: the effects, then the hand-ins, then, if `out` is there, the question for the out-device.
    std::vector<ir::Effect> effects;
    std::vector<ir::KernelMatch> hand_ins;
    std::uint32_t stops = 0;  // how often one packet can need the kernel before its rules can go on, at most
    std::uint32_t passes = 1; // with effects: how many of them one packet can have at most
    // With effects or hand-ins:
    ProgramFd orphan = -1;  // matches if there is no record for this packet (a plain drop)
    ProgramFd idle = -1;    // matches if no step is due; else the next one is the record's current step
    ProgramFd accepts = -1; // matches if no effect is left and the verdict is accept; deletes the record
    std::vector<std::array<ProgramFd, kStepDigits>>
        digits{};         // by level from the last digit on: it is that of the current step
    ProgramFd again = -1; // with stops: goes on with the rules; matches once they are through
    ProgramFd yes = -1;   // with hand-ins: notes that the current one held; always matches
    ProgramFd out = -1;   // notes the mark, which is the out-device's index then; always matches

    std::size_t steps() const { return effects.size() + hand_ins.size() + (out >= 0 ? 1 : 0); }
};

// Levels of the tree that has `steps` leaves.
std::size_t step_levels(std::size_t steps);

inline constexpr std::size_t kMaxTag = 200;

struct TablePlan {
    Family family;
    TableId table;
    std::vector<HookPlan> hooks; // one per hook of the table
    ProgramFd holder;
    std::vector<std::uint8_t> tag; // kept in the userdata of the holder's rule, at most kMaxTag bytes
    bool conntrack = false;        // a rule of this table needs conntrack
};

struct Anchored {
    std::vector<std::uint8_t> tag;
    bool conntrack = false;  // this table's share in the conntrack chain: TablePlan::conntrack of its last commit
    std::vector<Hook> hooks; // base chains that are there with a rule; fewer than hooks_of(table): somebody meddled
    std::uint32_t programless = 0; // hook_bit of those that call no program: nf_tables accepts and counts
};

// What the anchor holds for a table in the current network namespace; nullopt: nothing, or the T-store rule is gone.
// Read generation_id() of nf_tables before, so that a commit can refuse if somebody else changed something since.
Result<std::optional<Anchored>> inspect(Family family, TableId table);
Result<std::uint32_t> generation_id();

// What nf_tables itself has counted so far at the table's hooks while they had no program. That stays when the store is gone.
Result<HookCounters> counted(Family family, TableId table);

// Whether base chains of the table call programs though its T-store rule is gone: somebody has deleted nf_tables table
// `iptables-bpf`, and they stand in the one of the iptables table's name.
Result<bool> orphaned(Family family, TableId table);

// Swaps everything of the table in one transaction; the first for a table creates its base chains. Nothing is changed
// on error, which is of kind Overtaken if the nf_tables generation isn't `expected_generation` any more (read it, the
// state and the store again and retry); Denied without CAP_NET_ADMIN; TableUnavailable without nf_tables; else Refused.
// The text names what was tried and what the kernel said. Who closes the socket then waits until the kernel has freed what was
// replaced (nft_rcv_nl_event of net/netfilter/nf_tables_api.c), some milliseconds: best kept until all else is done.
Result<void> commit(Socket& socket, const TablePlan& plan, std::uint32_t expected_generation);

// Sends the same batch but without its end, which makes the kernel validate everything and then undo it.
Result<void> check(Socket& socket, const TablePlan& plan, std::uint32_t expected_generation);

// Takes the table's chains away (its rules stop filtering), the conntrack chain with the last table that needs it, and
// the nf_tables table with the last iptables table. Nothing there: success.
Result<void> remove(Family family, TableId table);

} // namespace xtbpf::anchor
