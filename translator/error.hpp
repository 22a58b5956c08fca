// SPDX-License-Identifier: GPL-2.0-or-later
// Errors are values: what went wrong, as text for the user, and of which kind, which decides the exit code.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace xtbpf {

// Each kind maps to one exit code of iptables (exit_code below; iptables-surface: include/xtables.h xtables_exittype).
enum class ErrorKind {
    Refused,          // 1: the chain, the rule or the kernel refuses; `iptables: MSG.`
    BadParameter,     // 2: the command line or the restore line is wrong; with the usage hint
    TableUnavailable, // 3: the table can't be initialised
    Denied,           // 1: no permission; 3 if it is the table that can't be read (iptables-legacy's codes, too)
    Locked,           // 4: the lock is held
    Overtaken,        // 4: somebody else changed nf_tables meanwhile; nothing is changed, all may be tried again
};

struct Error {
    ErrorKind kind = ErrorKind::Refused;
    std::string message; // without the program's name, without a final newline
};

template <typename T> using Result = std::expected<T, Error>;

constexpr int exit_code(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::Refused:
    case ErrorKind::Denied: return 1;
    case ErrorKind::BadParameter: return 2;
    case ErrorKind::TableUnavailable: return 3;
    case ErrorKind::Locked:
    case ErrorKind::Overtaken: return 4;
    }
    return 1;
}

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
    return std::unexpected(Error{kind, std::move(message)});
}

} // namespace xtbpf
