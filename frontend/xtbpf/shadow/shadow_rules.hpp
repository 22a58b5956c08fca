// SPDX-License-Identifier: GPL-2.0-or-later
// The rules that shadow mode judges by.
#pragma once

#include "frontend/xtbpf/migrate/variant.hpp"
#include "frontend/xtbpf/shadow/shadow.hpp"

#include <optional>

namespace xtbpf::tool {

// "legacy", "nft"; none: nullopt. Errors: BadParameter.
Result<std::optional<Variant>> variant_named(const std::optional<std::string>& word, std::string_view option);

Result<BothRules> rules_of(const Saved& saved);

// Of the files; without any, of the variant, or of the only one that has rules.
Result<BothRules> shadow_rules(std::optional<Variant> from, const std::optional<std::string>& file4,
                               const std::optional<std::string>& file6);

} // namespace xtbpf::tool
