// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal while a live view is on it: its own screen, keys without Return; as it was afterwards, whatever happens.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <termios.h>

namespace xtbpf::tool {

class Terminal {
  public:
    Terminal();
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    static bool there(); // input and output are one

    struct Size {
        std::size_t lines = 24, columns = 80;
    };
    Size size() const;
    void show(std::string_view text) const; // instead of what is there

    static constexpr char kEnd = 3, kEscape = 27; // Control-C, or the end of input; the Esc key

    // A key pressed within that time; nullopt: none, or one that isn't a character (arrows).
    std::optional<char> key(std::chrono::milliseconds patience) const;

  private:
    termios before_{};
};

} // namespace xtbpf::tool
