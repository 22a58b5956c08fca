// SPDX-License-Identifier: GPL-2.0-or-later
// Splits arguments into options as getopt_long does for iptables: in order ("-" mode: other words are reported where
// they stand), long options abbreviated to a unique prefix, `--opt=value`, `-pVALUE`, clusters of flags. The set of
// long options grows while it runs: extensions add theirs when they are loaded.
#pragma once

#include "frontend/extension.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

struct BaseOption {
    std::string_view name; // long
    Argument argument;
    char letter; // what is reported; also the short option, but '0' (--line-numbers), which has none
};

struct ScannedOption {
    enum class Kind : std::uint8_t { End, Word, Base, Extension, MissingArgument, Unknown };
    Kind kind = Kind::End;
    char letter = 0;                   // Base; MissingArgument, Unknown: of a short option, else 0
    std::size_t group = 0, option = 0; // Extension: which add_group, which of its options
    std::string_view value;            // the argument; Word: the word
    bool has_value = false;            // an optional argument was given
    std::string text;                  // MissingArgument, Unknown: the option as error texts show it
};

class OptionScanner {
  public:
    // All must outlive the scanner. `before` is what precedes the arguments, the program's name.
    OptionScanner(std::span<const BaseOption> base, std::string_view before, std::span<const std::string_view> args)
        : base_(base), before_(before), args_(args) {}

    ScannedOption next();
    void rescan(); // the next next() gives the same argument again
    std::size_t add_group(std::span<const OptionDef> options);

    // The next argument, if it looks like a value (iptables/xshared.c, xs_has_arg).
    std::optional<std::string_view> take_value();
    bool words_left() const { return position_ < args_.size(); } // after "--"

  private:
    ScannedOption scan_long(std::string_view argument);
    ScannedOption scan_short();
    std::string_view argument_in_hand() const;
    void give_argument(ScannedOption& found, Argument wanted, std::optional<std::string_view> attached);

    std::span<const BaseOption> base_;
    std::string_view before_;
    std::span<const std::string_view> args_;
    std::vector<std::span<const OptionDef>> groups_;
    std::size_t position_ = 0, last_ = 0;
    std::string_view cluster_, last_cluster_;
};

} // namespace xtbpf
