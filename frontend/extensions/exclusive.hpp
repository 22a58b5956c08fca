// SPDX-License-Identifier: GPL-2.0-or-later
// Options of which a rule may use only one.
#pragma once

#include "frontend/extension.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace xtbpf::guided {

// xtables_options_fcheck: `used` holds a bit for each option that was used. The first name of the message is the first
// used in the table's order, that of `options`; the second the first used in the order of `numbers`, which are the options by
// the numbers that iptables' source gives them. Options that are not among them exclude nothing.
Result<void> exclusive(std::string_view extension, std::span<const OptionDef> options, std::uint32_t used,
                       std::span<const std::size_t> numbers);

} // namespace xtbpf::guided
