// SPDX-License-Identifier: GPL-2.0-or-later
// One nf_tables expression of a rule under construction.
#pragma once

#include <arpa/inet.h>
#include <cstddef>
#include <cstdint>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace xtbpf::anchor {

// One element of the expression list: its name and an open nest for its own attributes.
class Expression {
  public:
    Expression(nlmsghdr* message, const char* name) : message_(message) {
        element_ = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
        mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
        data_ = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
    }
    Expression(const Expression&) = delete;
    Expression& operator=(const Expression&) = delete;
    ~Expression() {
        mnl_attr_nest_end(message_, data_);
        mnl_attr_nest_end(message_, element_);
    }

    void number(std::uint16_t attribute, std::uint32_t value) { mnl_attr_put_u32(message_, attribute, htonl(value)); }

    // A value compared or combined with a register: bytes as in the packet or, for ct state and marks, in host order.
    void data(std::uint16_t attribute, std::uint32_t value) { data(attribute, &value, sizeof value); }
    void data(std::uint16_t attribute, const void* bytes, std::size_t size) {
        nlattr* nest = mnl_attr_nest_start(message_, attribute);
        mnl_attr_put(message_, NFTA_DATA_VALUE, size, bytes);
        mnl_attr_nest_end(message_, nest);
    }

  private:
    nlmsghdr* message_;
    nlattr* element_;
    nlattr* data_;
};

} // namespace xtbpf::anchor
