// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel refused, in words.
#pragma once

#include "translator/error.hpp"

#include <string_view>

namespace xtbpf {

// `error` is an errno. Denied for EPERM, which bpf(2) gives without CAP_BPF, CAP_PERFMON or CAP_NET_ADMIN (and without
// CAP_SYS_ADMIN where an object is opened by its id); else Refused.
Error refusal(std::string_view tried, int error);

} // namespace xtbpf
