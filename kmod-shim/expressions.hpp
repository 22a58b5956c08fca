// SPDX-License-Identifier: GPL-2.0-or-later
// nf_tables expressions that rules of the anchor are made of, put one after another into an open NFTA_RULE_EXPRESSIONS
// (include/uapi/linux/netfilter/nf_tables.h).
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <cstdint>
#include <string>

struct nlmsghdr;

namespace xtbpf::anchor {

// xt `bpf` match: the rule goes on only if the SOCKET_FILTER program behind `program` returns non-zero.
void put_program(nlmsghdr* message, int program);

void put_kernel_match(nlmsghdr* message, const ir::KernelMatch& match);

// `code`: NF_ACCEPT, NF_DROP, or NFT_JUMP, NFT_GOTO to `chain`.
void put_verdict(nlmsghdr* message, std::int32_t code, const std::string& chain = {});

// `counter name NAME`
void put_counter(nlmsghdr* message, const std::string& name);

// `ct state new`: makes the kernel track the connections of the rule's family (net/netfilter/nft_ct.c,
// nft_ct_get_init).
void put_ct_state_new(nlmsghdr* message);

} // namespace xtbpf::anchor
