// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/tokens.hpp"

namespace xtbpf {

namespace {

constexpr std::size_t kMaxWords = 254; // MAX_ARGC of iptables/xshared.h, less the final NULL
constexpr std::size_t kMaxWord = 1024;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

} // namespace

std::expected<void, std::string_view> Tokens::split(std::string_view line) {
    return line.contains('"') ? split_quoted(line) : split_plain(line);
}

std::expected<void, std::string_view> Tokens::split_plain(std::string_view line) {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (!is_blank(line[at])) {
            if (at - begin + 1 >= kMaxWord) return std::unexpected("Parameter too long!");
            continue;
        }
        if (at != begin) words_.push_back(line.substr(begin, at - begin));
        begin = at + 1;
        if (words_.size() > kMaxWords) return std::unexpected("Parser cannot handle more arguments");
    }
    if (begin != line.size()) words_.push_back(line.substr(begin));
    return {};
}

// iptables/xshared.c, add_param_to_argv: a closing quote ends the word, an opening one doesn't; `\` escapes in quotes
// only; what an open quote holds at the end of the line is a word.
std::expected<void, std::string_view> Tokens::split_quoted(std::string_view line) {
    bytes_.clear();
    bytes_.reserve(line.size()); // never moved: the words point into it
    bool quoted = false, escaped = false;
    std::size_t begin = 0;
    const auto end_word = [&] {
        words_.push_back(std::string_view(bytes_).substr(begin));
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
        if (words_.size() > kMaxWords) return std::unexpected("Parser cannot handle more arguments");
    }
    if (bytes_.size() != begin) end_word();
    return {};
}

} // namespace xtbpf
