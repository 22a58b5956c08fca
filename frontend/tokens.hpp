// SPDX-License-Identifier: GPL-2.0-or-later
// Splits a line of a restore, or a stored rule, into words as iptables-restore does.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

// The words of one line at a time; they live until the next call.
class Tokens {
  public:
    void clear();
    void add(std::string_view word);                                    // one ready word
    std::expected<void, std::string_view> split(std::string_view line); // error: what iptables says
    std::span<const std::string_view> words();

  private:
    std::string bytes_;
    std::vector<std::uint32_t> ends_; // of each word in bytes_
    std::vector<std::string_view> words_;
};

} // namespace xtbpf
