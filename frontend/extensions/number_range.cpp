// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/number_range.hpp"

#include <fmt/format.h>
#include <iterator>

namespace xtbpf {

Result<NumberRange> parse_number_range(guided::Names names, const OptionUse& use) {
    const auto span = guided::span(names, use.value, ~0U);
    if (!span) return std::unexpected(span.error());
    return NumberRange{span->low, span->high, use.inverted};
}

void save_range(std::string& out, std::string_view option, const NumberRange& range) {
    if (!range.restricts()) return;
    fmt::format_to(std::back_inserter(out), "{} --{} {}", range.invert ? " !" : "", option, range.low);
    if (range.low != range.high) fmt::format_to(std::back_inserter(out), ":{}", range.high);
}

void lower_range(std::vector<ir::Predicate>& out, ir::Base base, std::uint16_t offset, std::uint8_t width,
                 const NumberRange& range) {
    if (!range.restricts()) return;
    out.push_back(ir::BytesTest{
        .base = base, .offset = offset, .width = width, .ranges = {{range.low, range.high}}, .invert = range.invert});
}

void list_range(std::string& out, std::string_view name, const NumberRange& range) {
    if (!range.restricts()) return;
    const bool single = range.low == range.high;
    fmt::format_to(std::back_inserter(out), "{}{}:{}{}", name, single ? "" : "s", range.invert ? "!" : "", range.low);
    if (!single) fmt::format_to(std::back_inserter(out), ":{}", range.high);
}

} // namespace xtbpf
