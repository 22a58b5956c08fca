// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/pattern.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf {

namespace {

constexpr std::size_t kLongest = 128; // XT_STRING_MAX_PATTERN_SIZE

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }
std::unexpected<Error> too_long(std::string_view text) { return bad(fmt::format("STRING too long \"{}\"", text)); }

bool hex_digit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// In the C locale, which iptables stays in.
bool printable(char c) { return c >= 0x20 && c < 0x7F; }

char byte_of(char high, char low) {
    const auto digit = [](char c) {
        return c <= '9' ? c - '0' : std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
    };
    return static_cast<char>(digit(high) * 16 + digit(low));
}

} // namespace

Result<std::string> parse_pattern(std::string_view text) {
    if (text.size() > kLongest) return too_long(text);
    return std::string(text);
}

// parse_hex_string, step by step: what it makes of odd places of `|` and `\` is its own
Result<std::string> parse_hex_pattern(std::string_view text) {
    if (text.empty()) return bad("STRING must contain at least one char");
    std::string pattern;
    bool hex = false;
    for (std::size_t i = 0; i < text.size();) {
        if (pattern.size() >= kLongest) return too_long(text);
        bool literal = false;
        if (text[i] == '\\') {
            if (hex) return bad("Cannot include literals in hex data");
            literal = true;
        } else if (text[i] == '|') {
            hex = !hex;
            while (hex && i + 1 < text.size() && text[i + 1] == ' ')
                ++i;
            if (i + 1 >= text.size()) break;
            ++i;
        }
        if (literal) {
            if (i + 1 >= text.size()) return bad("Bad literal placement at end of string");
            pattern += text[i + 1];
            i += 2;
        } else if (hex) {
            if (i + 1 >= text.size()) return bad("Odd number of hex digits");
            if (i + 2 >= text.size()) return bad("Invalid hex block"); // has to end with a `|`
            for (const char digit : {text[i], text[i + 1]})
                if (!hex_digit(digit)) return bad(fmt::format("Invalid hex char '{}'", digit));
            pattern += byte_of(text[i], text[i + 1]);
            i += text[i + 2] == ' ' ? 3 : 2;
        } else {
            pattern += text[i++];
        }
    }
    return pattern;
}

bool pattern_prints(std::string_view pattern) {
    return std::ranges::all_of(pattern, printable) && !pattern.ends_with('\\');
}

void append_pattern(std::string& out, std::string_view pattern) {
    if (!pattern_prints(pattern)) {
        out += "\"|";
        for (const char c : pattern)
            fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
        out += "|\"";
        return;
    }
    out += '"';
    for (const char c : pattern) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

} // namespace xtbpf
