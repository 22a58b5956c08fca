// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel matches that a program can mostly answer by itself, from the kernel's own structures (datapath/bpf/native.h). They stay
// hand-ins: the kernel has checked them, keeps what they count on (accounting, labels), and is asked where the program is in doubt.
#pragma once

#include "translator/ir.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace xtbpf {

struct NativeMatch {
    const char* function; // (context, view, arguments); answers as enum xt_answer of native_answer.h
    std::array<std::uint64_t, 3> arguments{};
    bool connection = false; // it reads struct nf_conn
    // The function is asked a second time; both must say yes.
    std::optional<std::array<std::uint64_t, 3>> also{};
};

std::optional<NativeMatch> native_match(const ir::KernelMatch& match);

} // namespace xtbpf
