// SPDX-License-Identifier: GPL-2.0-or-later
// What predicates read that an effect may have written before, in the same traversal.
#pragma once

#include "translator/ir.hpp"

namespace xtbpf {

// Nothing for a KernelMatch: what is due is done before the kernel is asked.
ir::Touched reads(const ir::Predicate& predicate);

} // namespace xtbpf
