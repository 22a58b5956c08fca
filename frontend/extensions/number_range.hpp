// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges of 32-bit numbers as some of the old extensions have them: SPIs, fragment identifications, segments left.
#pragma once

#include "frontend/extension.hpp"
#include "frontend/extensions/guided.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xtbpf {

struct NumberRange {
    std::uint32_t low = 0, high = ~0U;
    bool invert = false;
    bool restricts() const { return low != 0 || high != ~0U || invert; }
};

Result<NumberRange> parse_number_range(guided::Names names, const OptionUse& use);

// " ! --ahspi 1:2"; nothing for a range that takes every number
void save_range(std::string& out, std::string_view option, const NumberRange& range);

// `width` bytes at `offset` as a number in the range, if that says anything.
void lower_range(std::vector<ir::Predicate>& out, ir::Base base, std::uint16_t offset, std::uint8_t width,
                 const NumberRange& range);

// "spi:!5", "spis:1:2"; nothing likewise
void list_range(std::string& out, std::string_view name, const NumberRange& range);

} // namespace xtbpf
