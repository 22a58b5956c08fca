// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/dscp_value.hpp"

#include <cctype>
#include <fmt/format.h>
#include <string>

namespace xtbpf {

namespace {

// As class_to_dscp of iptables' dscp_helper.c, whatever follows a class's name.
Result<std::uint8_t> parse_class(std::string_view name) {
    std::string upper;
    for (const char c : name)
        upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const auto digit = [&](std::size_t at, char low, char high) {
        return at + 1 <= upper.size() && upper[at] >= low && upper[at] <= high ? upper[at] - '0' : -1;
    };

    if (upper.starts_with("BE")) return std::uint8_t{0};
    if (upper.starts_with("EF")) return std::uint8_t{46};
    // a class selector is the old precedence; AFxy is class x with drop precedence y
    if (const int precedence = digit(2, '0', '7'); upper.starts_with("CS") && precedence >= 0)
        return static_cast<std::uint8_t>(precedence * 8);
    const int klass = digit(2, '1', '4'), drop = digit(3, '1', '3');
    if (upper.starts_with("AF") && klass > 0 && drop > 0) return static_cast<std::uint8_t>(klass * 8 + drop * 2);
    return fail(ErrorKind::BadParameter, fmt::format("Invalid DSCP value `{}'", name));
}

} // namespace

Result<void> DscpValue::number(guided::Names names, std::string_view text) {
    const auto value = guided::number(names, text, 0, 63);
    if (!value) return std::unexpected(value.error());
    number_ = static_cast<std::uint8_t>(*value);
    return {};
}

Result<void> DscpValue::name(std::string_view text) {
    const auto value = parse_class(text);
    if (!value) return std::unexpected(value.error());
    class_ = *value;
    return {};
}

} // namespace xtbpf
