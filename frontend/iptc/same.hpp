// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes of structures that say nothing, though programs write them differently.
#pragma once

#include "frontend/iptc/extension_codec.hpp"

namespace xtbpf::iptc {

// `data`: of the structure that is named and of the size it should have.
void clear_unsaid(const Structure& structure, Family family, bool target, std::span<std::uint8_t> data);

} // namespace xtbpf::iptc
