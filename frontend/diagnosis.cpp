// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/diagnosis.hpp"

#include "frontend/version.hpp"

#include <fmt/format.h>

namespace xtbpf {

std::unexpected<Diagnosis> Program::try_help(std::string first) const {
    if (line != -1) first += fmt::format("Error occurred at line: {}\n", line);
    first += fmt::format("Try `{0} -h' or '{0} --help' for more information.\n", name);
    return std::unexpected(Diagnosis{2, std::move(first), {}});
}

std::unexpected<Diagnosis> Program::problem(const Error& error) const {
    std::string text = fmt::format("{} v{}: {}\n", name, kVariantVersion, error.message);
    if (error.kind == ErrorKind::BadParameter) return try_help(std::move(text));
    if (error.kind == ErrorKind::TableUnavailable)
        text += fmt::format("Perhaps {} or your kernel needs to be upgraded.\n", name);
    return std::unexpected(Diagnosis{exit_code(error.kind), std::move(text), {}});
}

std::unexpected<Diagnosis> Program::parameter_problem(std::string message) const {
    return problem(Error{ErrorKind::BadParameter, std::move(message)});
}

} // namespace xtbpf
