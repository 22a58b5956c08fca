// SPDX-License-Identifier: GPL-2.0-or-later
// The options of iptables-save and iptables-restore, read as getopt_long reads them, with its own messages.
#pragma once

#include "frontend/diagnosis.hpp"
#include "frontend/option_scanner.hpp"

#include <array>
#include <span>
#include <string_view>

namespace xtbpf {

inline constexpr std::array<BaseOption, 7> kSaveOptions{{{"counters", Argument::None, 'c'},
                                                         {"version", Argument::None, 'V'},
                                                         {"dump", Argument::None, 'd'},
                                                         {"table", Argument::Required, 't'},
                                                         {"modprobe", Argument::Required, 'M'},
                                                         {"file", Argument::Required, 'f'},
                                                         {"binary", Argument::None, 'b'}}};

inline constexpr std::array<BaseOption, 11> kRestoreOptions{{{"counters", Argument::None, 'c'},
                                                             {"verbose", Argument::None, 'v'},
                                                             {"version", Argument::None, 'V'},
                                                             {"test", Argument::None, 't'},
                                                             {"help", Argument::None, 'h'},
                                                             {"noflush", Argument::None, 'n'},
                                                             {"modprobe", Argument::Required, 'M'},
                                                             {"table", Argument::Required, 'T'},
                                                             {"wait", Argument::Optional, 'w'},
                                                             {"wait-interval", Argument::Optional, 'W'},
                                                             {"binary", Argument::None, 'b'}}};

struct ProgramOption {
    enum class Kind : std::uint8_t { End, Option, Word };
    Kind kind = Kind::End;
    char letter = 0;
    std::string_view value;
    bool has_value = false;
};

class ProgramOptions {
  public:
    ProgramOptions(std::span<const BaseOption> options, std::span<const std::string_view> args, const Program& program)
        : scanner_(options, "", args), program_(program) {}

    // Errors: exit 1 with getopt's message and the program's hint.
    Diagnosed<ProgramOption> next();
    std::optional<std::string_view> take_value() { return scanner_.take_value(); }

  private:
    OptionScanner scanner_;
    const Program& program_;
};

} // namespace xtbpf
