// SPDX-License-Identifier: GPL-2.0-or-later
// Matches that the kernel's own xt match evaluates (hand-in): its private structure as the IR carries it.
#pragma once

#include "frontend/extensions/info_bytes.hpp"
#include "translator/error.hpp"
#include "translator/ir.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace xtbpf {

// `info` is the match's structure of include/uapi/linux/netfilter, zero where only the kernel writes.
template <typename Info> ir::KernelMatch kernel_match(std::string_view name, std::uint8_t revision, const Info& info) {
    return {.name = std::string(name), .revision = revision, .info = info_bytes(info)};
}

// As xtopt_parse_string puts a text into a structure: what is too long is cut off, a zero ends it.
template <std::size_t Size> void put_text(char (&to)[Size], std::string_view text) {
    std::memcpy(to, text.data(), std::min(text.size(), Size - 1));
}

// What the kernel's checkentry answers to nearly all it doesn't like.
inline std::unexpected<Error> invalid_argument() {
    return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
}

} // namespace xtbpf
