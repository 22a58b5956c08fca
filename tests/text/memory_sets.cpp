// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/text/memory_sets.hpp"

namespace xtbpf {

Result<std::optional<IpSet>> MemorySets::find(std::string_view name) {
    const auto found = sets.find(name);
    if (found == sets.end()) return std::nullopt;
    return found->second;
}

Result<std::optional<std::string>> MemorySets::name_of(std::uint16_t index) {
    for (const auto& [name, set] : sets)
        if (set.index == index) return name;
    return std::nullopt;
}

MemorySets& use_memory_sets() {
    static MemorySets sets;
    use_set_index(&sets);
    return sets;
}

} // namespace xtbpf
