// SPDX-License-Identifier: GPL-2.0-or-later
// The states of a connection, which `conntrack` and `state` ask for alike.
#pragma once

#include "frontend/extensions/name_list.hpp"
#include "translator/ir.hpp"

#include <array>
#include <span>

namespace xtbpf {

// In the order in which they are printed; bits of include/uapi/linux/netfilter/xt_conntrack.h. `state` knows the first five.
extern const std::span<const NamedBits> kStateNames;
inline constexpr std::size_t kStatesOfState = 5;

// conntrack_mt's test of the packet's state, which needs no entry
ir::FieldTest state_test(std::uint32_t states, bool invert);

} // namespace xtbpf
