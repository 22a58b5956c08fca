// SPDX-License-Identifier: GPL-2.0-or-later
// Splits a line of a restore, or a stored rule, into words as iptables-restore does.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

// The words of one line at a time. They live as long as what was given and until the next split().
class Tokens {
  public:
    void clear() { words_.clear(); }
    void add(std::string_view word) { words_.push_back(word); }         // one ready word
    std::expected<void, std::string_view> split(std::string_view line); // error: what iptables says
    std::span<const std::string_view> words() const { return words_; }

  private:
    std::expected<void, std::string_view> split_plain(std::string_view line);
    std::expected<void, std::string_view> split_quoted(std::string_view line);

    std::string bytes_; // of the words of a line with quotes
    std::vector<std::string_view> words_;
};

} // namespace xtbpf
