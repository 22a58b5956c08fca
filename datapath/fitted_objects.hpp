// SPDX-License-Identifier: GPL-2.0-or-later
// BPF objects fitted to the kernel, each once: in this process, and for later ones in a map that the stores' holders keep. A store
// needs none of them; without them a command takes longer.
#pragma once

#include "datapath/fd.hpp"
#include "datapath/fitted_object.hpp"
#include "translator/error.hpp"

#include <span>
#include <vector>

namespace xtbpf {

// The object, fitted. `elf` must live as long as the process.
Result<const FittedObject*> fitted_object(std::span<const std::uint8_t> elf, const char* name);

// Maps "xt_fitted" that were found at a holder: another process has fitted these objects.
void adopt_fitted(std::vector<Fd> maps);
bool any_fitted();

// Has the holder keep all that is fitted. What can't be kept will be fitted again.
void keep_fitted(int holder);

} // namespace xtbpf
