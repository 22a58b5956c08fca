// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/program_options.hpp"

#include <fmt/format.h>

namespace xtbpf {

Diagnosed<ProgramOption> ProgramOptions::next() {
    using Kind = ScannedOption::Kind;
    const ScannedOption found = scanner_.next();
    ProgramOption option{ProgramOption::Kind::Option, found.letter, found.value, found.has_value};
    switch (found.kind) {
    case Kind::End: option.kind = ProgramOption::Kind::End; return option;
    case Kind::Word: option.kind = ProgramOption::Kind::Word; return option;
    case Kind::Base: return option;
    default: break;
    }
    const bool is_long = found.letter == 0;
    std::string text = program_.name + ": ";
    if (found.kind == Kind::MissingArgument)
        text += is_long ? fmt::format("option '{}' requires an argument\n", found.text)
                        : fmt::format("option requires an argument -- '{}'\n", found.letter);
    else
        text += is_long ? fmt::format("unrecognized option '{}'\n", found.text)
                        : fmt::format("invalid option -- '{}'\n", found.letter);
    text += program_.restore ? fmt::format("Try `{} -h' for more information.\n", program_.name)
                             : fmt::format("Look at manual page `{}.8' for more information.\n", program_.name);
    return std::unexpected(Diagnosis{1, std::move(text), {}});
}

} // namespace xtbpf
