// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extension.hpp"
#include "frontend/extensions/guided.hpp"

#include <fmt/format.h>

namespace xtbpf {

Result<void> use_option(std::string_view extension, std::span<const OptionDef> options, std::uint32_t& used,
                        Extension& instance, OptionUse use) {
    std::size_t index = use.option;
    if (!options[index].same_as.empty())
        for (std::size_t i = 0; i < options.size(); ++i)
            if (options[i].name == options[index].same_as) index = i;

    const OptionDef& option = options[index];
    const std::uint32_t bit = 1U << index;
    if ((used & bit) && !option.repeatable) return guided::error(extension, option.name, "can only be used once.");
    if (use.inverted && !option.invertible) return guided::error(extension, option.name, "cannot be inverted.");
    used |= bit;
    return instance.option({index, use.value, use.second, use.inverted, use.rule});
}

std::string absence_warning(std::string_view extension) {
    return fmt::format("Warning: Extension {} revision 0 not supported, missing kernel module?\n", extension);
}

} // namespace xtbpf
