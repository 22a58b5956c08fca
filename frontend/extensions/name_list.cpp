// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/name_list.hpp"

#include <strings.h>

namespace xtbpf {

bool begins_with(std::string_view name, std::string_view text) {
    return text.size() <= name.size() && strncasecmp(name.data(), text.data(), text.size()) == 0;
}

std::expected<std::uint32_t, std::string_view> parse_name_list(std::string_view text,
                                                               std::span<const NamedBits> names) {
    std::uint32_t bits = 0;
    for (;;) {
        const std::string_view word = text.substr(0, text.find(','));
        const NamedBits* found = nullptr;
        for (const NamedBits& entry : names)
            if (!word.empty() && !found && begins_with(entry.name, word)) found = &entry;
        if (!found) return std::unexpected(text);
        bits |= found->bits;
        if (word.size() == text.size()) return bits;
        text.remove_prefix(word.size() + 1);
    }
}

void append_name_list(std::string& out, std::uint32_t bits, std::span<const NamedBits> names) {
    std::string_view comma;
    for (const NamedBits& entry : names) {
        if (!(bits & entry.bits)) continue;
        out += comma;
        out += entry.name;
        comma = ",";
    }
}

} // namespace xtbpf
