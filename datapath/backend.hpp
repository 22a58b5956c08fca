// SPDX-License-Identifier: GPL-2.0-or-later
// Tables in force in the current network namespace: the frontend's seam on the kernel.
#pragma once

#include "frontend/backend.hpp"

#include <memory>

namespace xtbpf {

std::unique_ptr<Backend> make_kernel_backend();

} // namespace xtbpf
