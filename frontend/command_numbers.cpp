// SPDX-License-Identifier: GPL-2.0-or-later
// The numbers of a command: of rules, counters, seconds to wait.
#include "frontend/command_parser.hpp"
#include "frontend/numbers.hpp"

#include <climits>
#include <cstdlib>
#include <fmt/format.h>
#include <string>

namespace xtbpf {

namespace {

// sscanf's %llu and %i: leading digits are enough.
template <typename Number> bool leading_number(std::string_view text, Number& value) {
    const std::string copy(text);
    char* end = nullptr;
    if constexpr (sizeof(Number) == 8)
        value = std::strtoull(copy.c_str(), &end, 10);
    else
        value = static_cast<Number>(std::strtol(copy.c_str(), &end, 0));
    return end != copy.c_str();
}

} // namespace

Diagnosed<std::uint32_t> CommandParser::rule_number(std::string_view text) const {
    const auto number = parse_number(text, 1, INT_MAX);
    if (!number) return program_.parameter_problem(fmt::format("Invalid rule number `{}'", text));
    return static_cast<std::uint32_t>(*number);
}

// iptables/xshared.c, parse_rule_range: decimal, and an int of whatever strtol says
Diagnosed<void> CommandParser::number_to_delete(std::string_view text) {
    if (text.find(':') != std::string_view::npos) return program_.parameter_problem("Rule ranges are not supported");
    const std::string copy(text);
    char* end = nullptr;
    command_.number = static_cast<std::uint32_t>(std::strtol(copy.c_str(), &end, 10));
    if (*end != '\0' || command_.number == 0)
        return program_.parameter_problem(fmt::format("Invalid rule number `{}'", text));
    return {};
}

Diagnosed<void> CommandParser::parse_counters(std::string_view packets) {
    if (auto set = set_option(kCounters); !set) return set;
    std::optional<std::string_view> bytes;
    if (const auto comma = packets.find(','); comma != std::string_view::npos)
        bytes = packets.substr(comma + 1);
    else
        bytes = scanner_.take_value();
    const auto name = option_name(kCounters);
    if (!bytes) return program_.parameter_problem(fmt::format("{} requires packet and byte counter", name));
    if (!leading_number(packets, command_.counters.packets))
        return program_.parameter_problem(fmt::format("{} packet counter not numeric", name));
    if (!leading_number(*bytes, command_.counters.bytes))
        return program_.parameter_problem(fmt::format("{} byte counter not numeric", name));
    command_.has_counters = true;
    return {};
}

Diagnosed<void> CommandParser::parse_wait(const ScannedOption& found) {
    if (program_.restore) return program_.parameter_problem("You cannot use `-w' from iptables-restore");
    std::optional<std::string_view> value;
    if (found.has_value)
        value = found.value;
    else
        value = scanner_.take_value();
    command_.wait = -1;
    if (value && !leading_number(*value, command_.wait)) return program_.parameter_problem("wait seconds not numeric");
    return {};
}

Diagnosed<void> CommandParser::parse_wait_interval(const ScannedOption& found) {
    if (program_.restore) return program_.parameter_problem("You cannot use `-W' from iptables-restore");
    std::optional<std::string_view> value;
    if (found.has_value)
        value = found.value;
    else
        value = scanner_.take_value();
    if (!value) return program_.parameter_problem("wait interval value required");
    std::uint64_t microseconds = 0;
    if (!leading_number(*value, microseconds)) return program_.parameter_problem("wait interval not numeric");
    if (microseconds > 999999)
        return program_.parameter_problem(fmt::format("too long usec wait {} > 999999 usec", microseconds));
    warn("Ignoring deprecated --wait-interval option.\n");
    wait_interval_given_ = true;
    return {};
}

} // namespace xtbpf
