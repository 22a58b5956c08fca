// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/extension_codec.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/x_tables.h>

namespace xtbpf::iptc {

namespace {

constexpr std::size_t kHead = sizeof(xt_entry_match);
static_assert(kHead == sizeof(xt_entry_target));
static_assert(offsetof(xt_entry_match, u.user.name) == offsetof(xt_entry_target, u.user.name));

template <typename Def> std::string_view kernel_name(const Def& def, const StructureDef& structure) {
    return structure.name.empty() ? def.name : structure.name;
}

template <typename Def, typename Use>
Answer<void> encode(const Def& def, const Use& use, const RuleContext& rule, Bytes& out) {
    if (def.structure == nullptr)
        return refuse(EINVAL, fmt::format("`{}' isn't known to the ip_tables interface", def.name));
    const StructureDef structure = def.structure(rule.family);
    const std::vector<std::uint8_t> data = use.encode(rule);
    if (data.size() != structure.size)
        return refuse(EINVAL, fmt::format("`{}': what it says has no place in the ip_tables interface", def.name));
    append_structure(out, kernel_name(def, structure), structure.revision, kHead + data.size());
    std::ranges::copy(data, out.end() - static_cast<std::ptrdiff_t>(data.size()));
    return {};
}

std::vector<const MatchDef*> candidates(std::string_view name, Family family, const MatchDef*) {
    return matches_of_kernel(name, family);
}
std::vector<const TargetDef*> candidates(std::string_view name, Family family, const TargetDef*) {
    return targets_of_kernel(name, family);
}

bool fits(const Structure& structure, const StructureDef& def) {
    return structure.revision == def.revision && structure.data.size() == def.size;
}

// The first of those of its name that knows what it says.
template <typename Def, typename Take>
Answer<void> decode(const Structure& structure, const RuleContext& rule, Take take) {
    const auto found = candidates(structure.name, rule.family, static_cast<const Def*>(nullptr));
    if (found.empty())
        return refuse(ENOENT, fmt::format("`{}' isn't known to the ip_tables interface", structure.name));
    for (const Def* def : found) {
        if (!fits(structure, def->structure(rule.family))) continue;
        auto use = def->create(rule.family);
        if (!use->decode(rule, structure.data)) continue;
        take(*def, std::move(use));
        return {};
    }
    return refuse(EINVAL, fmt::format("`{}', revision {}, {} bytes: not understood", structure.name, structure.revision,
                                      structure.data.size()));
}

template <typename Def> void clear_unsaid(const Structure& structure, Family family, std::span<std::uint8_t> data) {
    for (const Def* def : candidates(structure.name, family, static_cast<const Def*>(nullptr))) {
        const StructureDef found = def->structure(family);
        if (!fits(structure, found)) continue;
        std::ranges::fill(data.subspan(found.given), std::uint8_t{0});
        if (found.clear_unsaid != nullptr) found.clear_unsaid(family, data);
        return;
    }
}

} // namespace

Structure structure_at(View bytes) {
    std::uint16_t size = 0;
    std::memcpy(&size, bytes.data() + offsetof(xt_entry_match, u.user.match_size), sizeof size);
    const auto* const name = reinterpret_cast<const char*>(bytes.data() + offsetof(xt_entry_match, u.user.name));
    const std::size_t length = strnlen(name, XT_EXTENSION_MAXNAMELEN);
    const std::size_t end = std::clamp<std::size_t>(size, kHead, bytes.size());
    return {.size = size,
            .name = {name, length},
            .revision = bytes[offsetof(xt_entry_match, u.user.revision)],
            .data = bytes.subspan(kHead, end - kHead),
            .named = length < XT_EXTENSION_MAXNAMELEN};
}

void append_structure(Bytes& out, std::string_view name, std::uint8_t revision, std::size_t size) {
    const std::size_t at = out.size();
    out.resize(at + size);
    const auto length = static_cast<std::uint16_t>(size);
    std::memcpy(out.data() + at, &length, sizeof length);
    name.copy(reinterpret_cast<char*>(out.data() + at + offsetof(xt_entry_match, u.user.name)),
              XT_EXTENSION_MAXNAMELEN - 1);
    out[at + offsetof(xt_entry_match, u.user.revision)] = revision;
}

Answer<void> encode_match(const MatchDef& def, const Match& match, const RuleContext& rule, Bytes& out) {
    return encode(def, match, rule, out);
}

Answer<void> encode_target(const TargetDef& def, const Target& target, const RuleContext& rule, Bytes& out) {
    return encode(def, target, rule, out);
}

Answer<MatchUse> decode_match(const Structure& structure, const RuleContext& rule) {
    MatchUse use{};
    auto done = decode<MatchDef>(structure, rule, [&](const MatchDef& def, std::unique_ptr<Match> match) {
        use = {&def, std::move(match)};
    });
    if (!done) return std::unexpected(std::move(done.error()));
    return use;
}

Answer<void> decode_target(const Structure& structure, const RuleContext& context, Rule& rule) {
    return decode<TargetDef>(structure, context, [&](const TargetDef& def, std::unique_ptr<Target> target) {
        rule.goal = Rule::Goal::Extension;
        rule.target = def.name;
        rule.target_def = &def;
        rule.target_use = std::move(target);
    });
}

std::size_t normalize_structure(std::span<std::uint8_t> bytes, Family family, bool target) {
    const Structure structure = structure_at(bytes);
    const auto data = bytes.subspan(kHead, structure.data.size());
    target ? clear_unsaid<TargetDef>(structure, family, data) : clear_unsaid<MatchDef>(structure, family, data);
    const std::size_t name = offsetof(xt_entry_match, u.user.name);
    std::ranges::fill(bytes.subspan(name + structure.name.size(), XT_EXTENSION_MAXNAMELEN - structure.name.size()),
                      std::uint8_t{0});
    return structure.size;
}

int revision_error(std::string_view name, std::uint8_t revision, Family family, bool target) {
    bool known = false;
    const auto look = [&](const auto& defs) {
        for (const auto* def : defs) {
            known = true;
            if (def->structure(family).revision == revision) return true;
        }
        return false;
    };
    const bool there = target ? look(targets_of_kernel(name, family)) : look(matches_of_kernel(name, family));
    return there ? 0 : known ? EPROTONOSUPPORT : ENOENT;
}

} // namespace xtbpf::iptc
