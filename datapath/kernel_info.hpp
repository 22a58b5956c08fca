// SPDX-License-Identifier: GPL-2.0-or-later
// What has to be known of the running kernel before programs can be made for it.
#pragma once

#include "translator/error.hpp"
#include "translator/limit.hpp"

#include <cstdint>

namespace xtbpf {

// From the resolution of the coarse clock, which is one jiffy.
KernelClock kernel_clock();

// BTF id of struct nf_conn as the conntrack functions mean it (there may be several structs of that name). Refused if the
// kernel has no BTF or no conntrack.
Result<std::uint32_t> nf_conn_type();

} // namespace xtbpf
