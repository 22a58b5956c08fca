// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/tokens.hpp"

namespace xtbpf {

namespace {

constexpr std::size_t kMaxWords = 254; // MAX_ARGC of iptables/xshared.h, less the final NULL
constexpr std::size_t kMaxWord = 1024;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

} // namespace

void Tokens::clear() {
    bytes_.clear();
    ends_.clear();
}

void Tokens::add(std::string_view word) {
    bytes_ += word;
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

// iptables/xshared.c, add_param_to_argv: a closing quote ends the word, an opening one doesn't; `\` escapes in quotes
// only; what an open quote holds at the end of the line is a word.
std::expected<void, std::string_view> Tokens::split(std::string_view line) {
    bool quoted = false, escaped = false;
    std::size_t begin = bytes_.size();
    const auto end_word = [&] {
        ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
        begin = bytes_.size();
    };
    for (char c : line) {
        bool end = false;
        if (quoted) {
            if (escaped) {
                bytes_ += c;
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == '"') {
                quoted = false;
                end = true;
            } else {
                bytes_ += c;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (is_blank(c)) {
            end = bytes_.size() != begin;
        } else {
            bytes_ += c;
        }
        if (bytes_.size() - begin >= kMaxWord) return std::unexpected("Parameter too long!");
        if (end) end_word();
        if (ends_.size() > kMaxWords) return std::unexpected("Parser cannot handle more arguments");
    }
    if (bytes_.size() != begin) end_word();
    return {};
}

std::span<const std::string_view> Tokens::words() {
    words_.clear();
    std::size_t begin = 0;
    for (std::uint32_t end : ends_) {
        words_.push_back(std::string_view(bytes_).substr(begin, end - begin));
        begin = end;
    }
    return words_;
}

} // namespace xtbpf
