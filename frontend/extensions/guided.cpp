// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/guided.hpp"

#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <cstdlib>
#include <fmt/format.h>

namespace xtbpf::guided {

namespace {

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

} // namespace

// The messages end with a newline of their own, which shows as the empty line before the usage hint.
std::unexpected<Error> error(std::string_view extension, std::string_view option, std::string_view what) {
    return bad(fmt::format("{}: option \"--{}\" {}\n", extension, option, what));
}

std::unexpected<Error> missing(std::string_view extension, std::string_view option) {
    return error(extension, option, "must be specified");
}

std::unexpected<Error> excluded(std::string_view extension, std::string_view option, std::string_view other) {
    return error(extension, option, fmt::format("cannot be used together with \"--{}\".", other));
}

std::unexpected<Error> also(std::string_view extension, std::string_view option, std::string_view other) {
    return error(extension, option, fmt::format("also requires \"--{}\".", other));
}

Result<std::uint32_t> number(Names names, std::string_view value, std::uint32_t min, std::uint32_t max) {
    if (const auto number = parse_number(value, min, max)) return static_cast<std::uint32_t>(*number);
    return bad(fmt::format("{}: bad value for option \"--{}\", or out of range ({}-{}).\n", names.extension,
                           names.option, min, max));
}

Result<std::uint64_t> wide_number(Names names, std::string_view value) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    if (const auto number = parse_number(value, 0, kMax)) return *number;
    return bad(fmt::format("{}: bad value for option \"--{}\", or out of range (0-{}).\n", names.extension,
                           names.option, kMax));
}

Result<double> real(Names names, std::string_view value, std::uint32_t max) {
    const std::string text(value);
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || *end != '\0' || number < 0 || number > max)
        return bad(fmt::format("{}: bad value for option \"--{}\", or out of range (0-{}).\n", names.extension,
                               names.option, max));
    return number;
}

Result<Span> span(Names names, std::string_view value, std::uint32_t max) {
    const auto wide = wide_span(names, value, max);
    if (!wide) return std::unexpected(wide.error());
    return Span{static_cast<std::uint32_t>(wide->low), static_cast<std::uint32_t>(wide->high.value_or(wide->low))};
}

Result<WideSpan> wide_span(Names names, std::string_view value, std::uint64_t max) {
    std::uint64_t bounds[2] = {0, 0};
    std::uint64_t low = 0; // since 1.8.11 a range may not run backwards
    int count = 0;
    for (std::string_view rest = value;; rest.remove_prefix(1)) {
        if (count == 2)
            return bad(
                fmt::format("{}: Too many components for option \"--{}\" (max: 2)\n", names.extension, names.option));
        if (rest.empty() || rest.front() == ':') {
            bounds[count] = count == 1 ? max : 0;
            ++count;
        } else {
            const std::string_view here = rest;
            const auto number = leading_number(rest, low, max);
            if (!number)
                return bad(fmt::format("{}: bad value for option \"--{}\" near \"{}\", or out of range ({}-{}).\n",
                                       names.extension, names.option, here, low, max));
            if (!rest.empty() && rest.front() != ':')
                return bad(fmt::format("{}: Argument to \"--{}\" has unexpected characters near \"{}\".\n",
                                       names.extension, names.option, rest));
            low = *number;
            bounds[count++] = low;
        }
        if (rest.empty()) break;
    }
    return WideSpan{bounds[0], count == 2 ? std::optional(bounds[1]) : std::nullopt};
}

Result<Masked> mark(Names names, std::string_view value) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
    const auto not_a_number = [&] {
        return bad(fmt::format("{}: bad integer value for option \"--{}\", or out of range.\n", names.extension,
                               names.option));
    };
    const auto number = leading_number(value, 0, kMax);
    if (!number) return not_a_number();
    Masked result{static_cast<std::uint32_t>(*number), ~0U};
    if (value.starts_with('/')) {
        value.remove_prefix(1);
        const auto mask = leading_number(value, 0, kMax);
        if (!mask) return not_a_number();
        result.mask = static_cast<std::uint32_t>(*mask);
    }
    if (!value.empty())
        return bad(
            fmt::format("{}: trailing garbage after value for option \"--{}\".\n", names.extension, names.option));
    return result;
}

} // namespace xtbpf::guided
