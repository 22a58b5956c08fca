// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/name_map.hpp"

#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>

namespace xtbpf {

namespace {

constexpr unsigned long kLargestId = 255;

std::optional<std::uint32_t> parse_id(const std::string& text) {
    char* end = nullptr;
    errno = 0;
    const unsigned long id = std::strtoul(text.c_str(), &end, text.starts_with("0x") ? 16 : 10);
    if (end == text.c_str() || *end != '\0' || errno != 0 || id > kLargestId) return std::nullopt;
    return static_cast<std::uint32_t>(id);
}

} // namespace

NameMap::NameMap(const char* path) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string number, name;
        if (!(words >> number >> name) || number.starts_with('#') || name.starts_with('#')) continue;
        if (const auto id = parse_id(number)) names_.emplace_back(*id, name);
    }
}

Result<guided::Masked> NameMap::parse(guided::Names names, std::string_view text) const {
    // A number that something else than a mask follows is taken for a name.
    std::string_view rest = text;
    const auto number = leading_number(rest, 0, ~0U);
    if (number && (rest.empty() || rest.starts_with('/'))) return guided::mark(names, text);
    for (const auto& [id, name] : names_)
        if (name == text) return guided::Masked{id, ~0U};
    return fail(ErrorKind::BadParameter,
                fmt::format("{}: could not map name {} to an integer value for option \"--{}\".\n", names.extension,
                            text, names.option));
}

void NameMap::append(std::string& out, const guided::Masked& value, bool numeric) const {
    if (value.mask != ~0U) {
        fmt::format_to(std::back_inserter(out), " 0x{:x}/0x{:x}", value.value, value.mask);
        return;
    }
    if (!numeric)
        for (const auto& [id, name] : names_)
            if (id == value.value) {
                out += ' ';
                out += name;
                return;
            }
    fmt::format_to(std::back_inserter(out), " 0x{:x}", value.value);
}

const NameMap& realm_names() {
    static const NameMap names("/etc/iproute2/rt_realms");
    return names;
}

const NameMap& device_group_names() {
    static const NameMap names("/etc/iproute2/group");
    return names;
}

} // namespace xtbpf
