// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/conntrack_state.hpp"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>

namespace xtbpf {

namespace {

constexpr std::array kNames{
    NamedBits{"INVALID", XT_CONNTRACK_STATE_INVALID},
    NamedBits{"NEW", XT_CONNTRACK_STATE_BIT(IP_CT_NEW)},
    NamedBits{"RELATED", XT_CONNTRACK_STATE_BIT(IP_CT_RELATED)},
    NamedBits{"ESTABLISHED", XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED)},
    NamedBits{"UNTRACKED", XT_CONNTRACK_STATE_UNTRACKED},
    NamedBits{"SNAT", XT_CONNTRACK_STATE_SNAT},
    NamedBits{"DNAT", XT_CONNTRACK_STATE_DNAT},
};

} // namespace

constinit const std::span<const NamedBits> kStateNames = kNames;

ir::FieldTest state_test(std::uint32_t states, bool invert) {
    return {.field = ir::Field::CtState, .mask = states, .ranges = {{1, ~0U}}, .invert = invert};
}

} // namespace xtbpf
