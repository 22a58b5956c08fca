// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/tos_values.hpp"

#include "frontend/extensions/guided.hpp"

#include <array>
#include <fmt/format.h>
#include <strings.h>

namespace xtbpf {

namespace {

struct Name {
    std::uint8_t value;
    std::string_view name;
};

// RFC 1349, as in netinet/ip.h
constexpr std::array kNames{Name{0x10, "Minimize-Delay"}, Name{0x08, "Maximize-Throughput"},
                            Name{0x04, "Maximize-Reliability"}, Name{0x02, "Minimize-Cost"},
                            Name{0x00, "Normal-Service"}};
constexpr std::uint8_t kNameMask = 0x3F;

} // namespace

Result<TosValue> parse_tos(std::string_view text) {
    std::string_view rest = text;
    if (const auto value = leading_number(rest, 0, 255)) {
        TosValue tos{static_cast<std::uint8_t>(*value), 0xFF};
        if (rest.starts_with('/')) {
            rest.remove_prefix(1);
            const auto mask = leading_number(rest, 0, 255);
            tos.mask = static_cast<std::uint8_t>(mask.value_or(0));
            if (!mask) rest = text;
        }
        if (!rest.empty()) return fail(ErrorKind::BadParameter, fmt::format("Illegal value: \"{}\"", text));
        return tos;
    }
    for (const Name& entry : kNames)
        if (entry.name.size() == text.size() && strncasecmp(entry.name.data(), text.data(), text.size()) == 0)
            return TosValue{entry.value, kNameMask};
    return fail(ErrorKind::BadParameter, fmt::format("Symbolic name \"{}\" is unknown", text));
}

std::string_view tos_name(const TosValue& tos) {
    for (const Name& entry : kNames)
        if (tos == TosValue{entry.value, kNameMask}) return entry.name;
    return {};
}

std::string tos_name_list() {
    std::string out;
    for (const Name& entry : kNames)
        out += fmt::format("                          (0x{:02x}) {:2} {}\n", entry.value, entry.value, entry.name);
    return out;
}

} // namespace xtbpf
