// SPDX-License-Identifier: GPL-2.0-or-later
// The ipsets of the tests that run without a kernel. tests/golden/generate_extensions.sh makes the same for iptables-legacy.
#pragma once

#include "frontend/extensions/ip_set.hpp"

#include <map>
#include <string>

namespace xtbpf {

class MemorySets : public SetIndex {
  public:
    Result<std::optional<IpSet>> find(std::string_view name) override;
    Result<std::optional<std::string>> name_of(std::uint16_t index) override;

    std::map<std::string, IpSet, std::less<>> sets{{"four", {0, Family::V4}},      {"other", {1, Family::V4}},
                                                   {"six", {2, Family::V6}},       {"ports", {3, std::nullopt}},
                                                   {"trusted", {4, Family::V4}},   {"blocklist", {5, Family::V4}},
                                                   {"blocklist6", {6, Family::V6}}};
};

// Puts one in place of the kernel's, for the whole program; the second time it is the same.
MemorySets& use_memory_sets();

} // namespace xtbpf
