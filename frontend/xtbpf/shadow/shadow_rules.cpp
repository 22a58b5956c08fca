// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/shadow/shadow_rules.hpp"

#include "frontend/xtbpf/migrate/moving.hpp"

#include <fmt/format.h>

namespace xtbpf::tool {

Result<std::optional<Variant>> variant_named(const std::optional<std::string>& word, std::string_view option) {
    if (!word) return std::nullopt;
    for (const Variant each : {Variant::Legacy, Variant::Nft})
        if (name(each) == *word) return each;
    return fail(ErrorKind::BadParameter, fmt::format("--{} is legacy or nft", option));
}

Result<BothRules> rules_of(const Saved& saved) {
    BothRules both;
    for (const Family family : kFamilies) {
        const auto at = static_cast<std::size_t>(family);
        auto rules = rules_of_text(restore_text(saved[at]), family);
        if (!rules) return std::unexpected(rules.error());
        both[at] = std::move(*rules);
    }
    return both;
}

Result<BothRules> shadow_rules(std::optional<Variant> from, const std::optional<std::string>& file4,
                               const std::optional<std::string>& file6) {
    if (!file4 && !file6) {
        const auto where = source(from);
        if (!where) return std::unexpected(where.error());
        const auto saved = save(*where);
        if (!saved) return std::unexpected(saved.error());
        return rules_of(*saved);
    }
    BothRules both;
    for (const auto& [file, family] : {std::pair{file4, Family::V4}, std::pair{file6, Family::V6}}) {
        if (!file) continue;
        auto rules = rules_of_file(*file, family);
        if (!rules) return std::unexpected(rules.error());
        both[static_cast<std::size_t>(family)] = std::move(*rules);
    }
    return both;
}

} // namespace xtbpf::tool
