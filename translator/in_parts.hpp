// SPDX-License-Identifier: GPL-2.0-or-later
// Work on long lists by several threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <future>
#include <thread>
#include <vector>

namespace xtbpf {

// function(first, end) for parts of [0, count), one behind the other, none of which is much shorter than `least`. The results are in
// the order of the parts; who asks for the first does it himself, and all others where no thread can be had.
template <typename Function>
auto in_parts(std::size_t count, std::size_t least, const Function& function)
    -> std::vector<std::future<decltype(function(count, count))>> {
    constexpr std::size_t kMostThreads = 8;
    std::size_t parts = std::clamp<std::size_t>(count / least, 1, kMostThreads);
    if (parts > 1) parts = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, parts); // which reads a file
    std::vector<std::future<decltype(function(count, count))>> all;
    for (std::size_t part = 0; part < parts; ++part)
        all.push_back(std::async(part == 0 ? std::launch::deferred : std::launch::async | std::launch::deferred,
                                 function, count * part / parts, count * (part + 1) / parts));
    return all;
}

} // namespace xtbpf
