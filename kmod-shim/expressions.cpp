// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/expressions.hpp"

#include "kmod-shim/expression.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_bpf.h>

namespace xtbpf::anchor {

namespace {

void put_match(nlmsghdr* message, const char* name, std::uint32_t revision, std::size_t size, const void* info) {
    Expression expression(message, "match");
    mnl_attr_put_strz(message, NFTA_MATCH_NAME, name);
    expression.number(NFTA_MATCH_REV, revision);
    mnl_attr_put(message, NFTA_MATCH_INFO, size, info);
}

} // namespace

void put_program(nlmsghdr* message, int program) {
    xt_bpf_info_v1 info{};
    info.mode = XT_BPF_MODE_FD_ELF;
    info.fd = program;
    static_assert(sizeof info % 8 == 0, "x_tables wants XT_ALIGN(matchsize)");
    put_match(message, "bpf", 1, sizeof info, &info);
}

void put_kernel_match(nlmsghdr* message, const ir::KernelMatch& match) {
    put_match(message, match.name.c_str(), match.revision, match.info.size(), match.info.data());
}

void put_verdict(nlmsghdr* message, std::int32_t code, const std::string& chain) {
    Expression expression(message, "immediate");
    expression.number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    nlattr* data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
    nlattr* verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
    expression.number(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
    if (!chain.empty()) mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, chain.c_str());
    mnl_attr_nest_end(message, verdict);
    mnl_attr_nest_end(message, data);
}

void put_counter(nlmsghdr* message, const std::string& name) {
    Expression expression(message, "objref");
    expression.number(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    mnl_attr_put_strz(message, NFTA_OBJREF_IMM_NAME, name.c_str());
}

void put_ct_state_new(nlmsghdr* message) {
    constexpr std::uint32_t kNew = 1U << (IP_CT_NEW + 1); // NF_CT_STATE_BIT(IP_CT_NEW) of nf_conntrack_common.h
    {
        Expression expression(message, "ct");
        expression.number(NFTA_CT_DREG, NFT_REG_1);
        expression.number(NFTA_CT_KEY, NFT_CT_STATE);
    }
    {
        Expression expression(message, "bitwise");
        expression.number(NFTA_BITWISE_SREG, NFT_REG_1);
        expression.number(NFTA_BITWISE_DREG, NFT_REG_1);
        expression.number(NFTA_BITWISE_LEN, sizeof(std::uint32_t));
        expression.data(NFTA_BITWISE_MASK, kNew);
        expression.data(NFTA_BITWISE_XOR, 0);
    }
    Expression expression(message, "cmp");
    expression.number(NFTA_CMP_SREG, NFT_REG_1);
    expression.number(NFTA_CMP_OP, NFT_CMP_NEQ);
    expression.data(NFTA_CMP_DATA, 0);
}

} // namespace xtbpf::anchor
