// SPDX-License-Identifier: GPL-2.0-or-later
// Random numbers that are the same on every machine for the same seed (std's distributions aren't): splitmix64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xtbpf::testing {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint32_t word() {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        return static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) >> 16);
    }

    std::uint32_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::uint32_t>(word() % limit); }
    std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(std::size_t{high} - low + 1); }
    bool percent(unsigned chance) { return below(100) < chance; }

    template <typename Choices> const auto& pick(const Choices& choices) { return choices[below(choices.size())]; }

  private:
    std::uint64_t state_;
};

} // namespace xtbpf::testing
