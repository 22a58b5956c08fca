// SPDX-License-Identifier: GPL-2.0-or-later
// What libxtables' guided option parser (libxtables/xtoptions.c) gives all extensions: values of common kinds and the
// messages about them, in its words. Here are the numbers; ports.hpp and addresses.hpp have theirs.
#pragma once

#include "frontend/numbers.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace xtbpf::guided {

// `EXTENSION: option "--NAME" WHAT`, a parameter problem.
std::unexpected<Error> error(std::string_view extension, std::string_view option, std::string_view what);

// xtables_options_fcheck: a mandatory option that wasn't used, two that exclude each other, one that needs another.
std::unexpected<Error> missing(std::string_view extension, std::string_view option);
std::unexpected<Error> excluded(std::string_view extension, std::string_view option, std::string_view other);
std::unexpected<Error> also(std::string_view extension, std::string_view option, std::string_view other);

struct Names {
    std::string_view extension, option;
};

// xtopt_parse_int
Result<std::uint32_t> number(Names names, std::string_view value, std::uint32_t min, std::uint32_t max);

Result<std::uint64_t> wide_number(Names names, std::string_view value); // of 64 bits

// xtopt_parse_float, between 0 and `max`
Result<double> real(Names names, std::string_view value, std::uint32_t max);

struct Span {
    std::uint32_t low, high;
    bool operator==(const Span&) const = default;
};

// xtopt_parse_mint with two places: LOW, LOW:HIGH, `:HIGH`, `LOW:`, `:`; 0 and max where left out
Result<Span> span(Names names, std::string_view value, std::uint32_t max);

struct WideSpan {
    std::uint64_t low;
    std::optional<std::uint64_t> high; // nullopt: LOW alone
};
Result<WideSpan> wide_span(Names names, std::string_view value, std::uint64_t max);

struct Masked {
    std::uint32_t value, mask;
    bool operator==(const Masked&) const = default;
};

// xtables_parse_mark_mask: VALUE or VALUE/MASK; the mask is all ones where left out
Result<Masked> mark(Names names, std::string_view value);

} // namespace xtbpf::guided
