// SPDX-License-Identifier: GPL-2.0-or-later
// What the ip_tables interface answers when it doesn't do what it is asked: an errno, and words for whoever reads logs.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace xtbpf::iptc {

struct Refusal {
    int error; // errno
    std::string why;
};

template <typename T> using Answer = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(int error, std::string why) {
    return std::unexpected(Refusal{error, std::move(why)});
}

} // namespace xtbpf::iptc
