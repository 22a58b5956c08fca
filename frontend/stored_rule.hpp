// SPDX-License-Identifier: GPL-2.0-or-later
// Reading canonical texts back: the target alone, quickly, or the whole rule.
#pragma once

#include "frontend/rule.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace xtbpf {

struct TextJump {
    std::size_t offset; // of the target's name in the text
    std::string_view target;
    std::size_t option; // where " -j" begins; 0 if the text is nothing but the target
};

// What -j or -g names; nullopt if the rule has no target.
std::optional<TextJump> jump_of(std::string_view text);

// A target that isn't a chain and not known either can't be: texts come from canonical_text. Errors: BadParameter.
Result<Rule> parse_stored_rule(std::string_view text, Family family, TableId table,
                               const std::function<bool(std::string_view)>& is_chain);

} // namespace xtbpf
