// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/quoted.hpp"

#include <algorithm>

namespace xtbpf {

namespace {

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

} // namespace

void append_quoted(std::string& out, std::string_view text) {
    out += ' ';
    if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\' || c == '\'') out += '\\';
        out += c;
    }
    out += '"';
}

void append_word(std::string& out, std::string_view text) {
    if (text.empty() || text.find_first_of(" \t\n\"\\") != text.npos) return append_quoted(out, text);
    out += ' ';
    out += text;
}

} // namespace xtbpf
