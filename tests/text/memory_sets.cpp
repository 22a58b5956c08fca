// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/text/memory_sets.hpp"

namespace xtbpf {

Result<std::optional<IpSet>> MemorySets::find(std::string_view name) {
    const auto found = sets.find(name);
    if (found == sets.end()) return std::nullopt;
    return found->second;
}

MemorySets& use_memory_sets() {
    static MemorySets sets;
    use_set_index(&sets);
    return sets;
}

} // namespace xtbpf
