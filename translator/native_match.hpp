// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel matches that a program can mostly answer by itself, from the packet and the kernel's own structures. They stay hand-ins:
// the kernel has checked them, keeps what they count on (accounting, labels), and is asked where the program is in doubt.
#pragma once

#include "translator/ir.hpp"

#include <array>
#include <cstdint>
#include <linux/filter.h>
#include <optional>
#include <vector>

namespace xtbpf {

struct NativeMatch {
    // Functions of the runtime (datapath/bpf/native*.h), all of which must say yes: (context, view, arguments); they answer as
    // enum xt_answer of native_answer.h.
    struct Call {
        const char* function;
        std::array<std::uint64_t, 3> arguments{};
    };
    std::vector<Call> calls{};
    bool connection = false; // they read struct nf_conn

    // A test of an IPv6 extension header; without one the answer is no, and the kernel is asked where one is cut off.
    struct Header {
        ir::Extension extension;
        std::vector<ir::Predicate> sure;  // where one of them doesn't hold, the kernel is asked;
        std::vector<ir::Predicate> tests; // of these, the answer is no
        bool asks_then = false;           // all of them say yes: the kernel knows the rest
    };
    std::optional<Header> header{};

    std::vector<sock_filter>
        classic{}; // a program of classic BPF, all of which can be translated; yes if it doesn't return 0
};

std::optional<NativeMatch> native_match(const ir::KernelMatch& match);

// Those of extension headers, and bpf; native_match asks them.
std::optional<NativeMatch> native_header_match(const ir::KernelMatch& match);
std::optional<NativeMatch> native_classic_bpf(const ir::KernelMatch& match);

} // namespace xtbpf
