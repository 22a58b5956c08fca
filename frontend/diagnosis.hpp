// SPDX-License-Identifier: GPL-2.0-or-later
// How a program ends before its work is done: exit code and the exact text for stderr (or stdout, for -h and -V).
// Errors of the lower layers (translator/error.hpp) become Diagnoses here, in the shapes iptables gives them
// (iptables/iptables.c, xtables_globals.exit_err; iptables/xshared.c, exit_tryhelp; iptables/iptables-standalone.c).
#pragma once

#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <cstdio>
#include <expected>
#include <string>
#include <string_view>

namespace xtbpf {

struct Diagnosis {
    int code = 1;
    std::string err, out;
};

template <typename T> using Diagnosed = std::expected<T, Diagnosis>;

// Where an applet reads and writes.
struct Streams {
    std::FILE* in;
    std::FILE* out;
    std::FILE* err;

    void say(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), out); }
    void warn(std::string_view text) const {
        if (err != nullptr) std::fwrite(text.data(), 1, text.size(), err);
    }
};

// The applet that runs, as its messages name it.
struct Program {
    std::string name = "iptables"; // "ip6tables-restore" ...
    Family family = Family::V4;
    bool restore = false;
    int line = -1; // of the restore file; -1 on a command line

    // "NAME vVERSION: MESSAGE" and what belongs to the error's kind: a hint after a parameter problem.
    std::unexpected<Diagnosis> problem(const Error& error) const;
    std::unexpected<Diagnosis> parameter_problem(std::string message) const;
    // `first` as it is, then the hint to -h.
    std::unexpected<Diagnosis> try_help(std::string first) const;
};

} // namespace xtbpf
