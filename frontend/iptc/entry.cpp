// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/entry.hpp"

#include "frontend/iptc/extension_codec.hpp"
#include "frontend/iptc/head.hpp"
#include "frontend/iptc/revisions.hpp"
#include "frontend/stored_rule.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>

namespace xtbpf::iptc {

namespace {

constexpr std::size_t kStandardSize = sizeof(xt_standard_target);
constexpr std::size_t kErrorSize = XT_ALIGN(sizeof(xt_error_target));
constexpr std::string_view kError = XT_ERROR_TARGET;

Answer<void> encode_goal(const Rule& rule, TableId table, Bytes& out) {
    if (rule.goal == Rule::Goal::Extension)
        return encode_target(*rule.target_def, *rule.target_use, rule.context(table), out);
    // ip_tables.h: a verdict of the kernel's is negated and one lower
    std::int32_t verdict = 0;
    if (rule.goal == Rule::Goal::Verdict)
        verdict = rule.target == "ACCEPT"  ? -NF_ACCEPT - 1
                  : rule.target == "DROP"  ? -NF_DROP - 1
                  : rule.target == "QUEUE" ? -NF_QUEUE - 1
                                           : XT_RETURN;
    append_structure(out, {}, 0, kStandardSize);
    std::memcpy(out.data() + out.size() - kStandardSize + offsetof(xt_standard_target, verdict), &verdict,
                sizeof verdict);
    return {};
}

Bytes entry_of(Family family, View target) {
    Rule any;
    any.family = family;
    Bytes entry = encode_head(any);
    const std::size_t offset = entry.size();
    entry.insert(entry.end(), target.begin(), target.end());
    set_offsets(entry, family, offset, entry.size());
    return entry;
}

std::size_t verdict_offset(View entry, Family family) {
    return head_of(entry, family).target_offset + offsetof(xt_standard_target, verdict);
}

// The bytes that a rule's text decides, and nothing else.
Bytes normal_form(View entry, Family family) {
    Bytes bytes(entry.begin(), entry.end());
    normalize_head(bytes, family);
    const EntryHead head = head_of(entry, family);
    for (std::size_t at = entry_size(family); at < head.next_offset;)
        at += normalize_structure(std::span(bytes).subspan(at), family, at >= head.target_offset);
    const Structure target = structure_at(View(bytes).subspan(head.target_offset));
    if (target.name.empty()) set_verdict(bytes, family, 0);
    return bytes;
}

Answer<void> decode_parts(View entry, Rule& rule, TableId table, const TargetOf& target_of) {
    if (!decode_head(entry, rule)) return refuse(EINVAL, "a condition that iptables has no words for");
    const EntryHead head = head_of(entry, rule.family);
    const RuleContext context = rule.context(table);
    for (std::size_t at = entry_size(rule.family); at < head.target_offset;) {
        const Structure match = structure_at(entry.subspan(at));
        auto use = decode_match(match, context);
        if (!use) return std::unexpected(std::move(use.error()));
        rule.matches.push_back(std::move(*use));
        at += match.size;
    }
    const Structure target = structure_at(entry.subspan(head.target_offset));
    if (target.name.empty()) {
        std::int32_t verdict = 0;
        std::memcpy(&verdict, entry.data() + verdict_offset(entry, rule.family), sizeof verdict);
        auto name = target_of(verdict);
        if (!name) return std::unexpected(std::move(name.error()));
        rule.target = std::move(*name);
        rule.goal = rule.target.empty()       ? Rule::Goal::None
                    : is_verdict(rule.target) ? Rule::Goal::Verdict
                                              : Rule::Goal::Chain;
        return {};
    }
    return decode_target(target, context, rule);
}

} // namespace

Answer<Bytes> encode_entry(const Rule& rule, TableId table) {
    Bytes entry = encode_head(rule);
    const RuleContext context = rule.context(table);
    for (const MatchUse& match : rule.matches)
        if (auto done = encode_match(*match.def, *match.use, context, entry); !done)
            return std::unexpected(done.error());
    const std::size_t target = entry.size();
    if (auto done = encode_goal(rule, table, entry); !done) return std::unexpected(done.error());
    if (entry.size() > 0xffff) return refuse(EINVAL, "a rule too long for the ip_tables interface");
    set_offsets(entry, rule.family, target, entry.size());
    return entry;
}

Bytes verdict_entry(Family family, std::int32_t verdict) {
    Bytes target;
    append_structure(target, {}, 0, kStandardSize);
    Bytes entry = entry_of(family, target);
    set_verdict(entry, family, verdict);
    return entry;
}

Bytes error_entry(Family family, std::string_view name) {
    Bytes target;
    append_structure(target, kError, 0, kErrorSize);
    std::memcpy(target.data() + offsetof(xt_error_target, errorname), name.data(),
                std::min<std::size_t>(name.size(), XT_FUNCTION_MAXNAMELEN - 1));
    return entry_of(family, target);
}

void set_verdict(std::span<std::uint8_t> entry, Family family, std::int32_t verdict) {
    std::memcpy(entry.data() + verdict_offset(entry, family), &verdict, sizeof verdict);
}

Answer<void> check_entry(View rest, Family family) {
    const std::size_t head_size = entry_size(family);
    if (rest.size() < head_size) return refuse(EINVAL, "an entry that is cut off");
    const auto [target, next] = head_of(rest, family);
    if (target < head_size || next < target + sizeof(xt_entry_target) || next > rest.size() || next % 8 != 0 ||
        target % 8 != 0)
        return refuse(EINVAL, "an entry whose parts lie outside");
    std::size_t at = head_size;
    while (at < target) { // xt_check_entry_offsets, xt_check_table_hooks
        if (target - at < sizeof(xt_entry_match)) return refuse(EINVAL, "a match that is cut off");
        const Structure match = structure_at(rest.subspan(at));
        if (match.size < sizeof(xt_entry_match) || match.size % 8 != 0 || match.size > target - at || !match.named)
            return refuse(EINVAL, "a match of a wrong size");
        at += match.size;
    }
    const Structure last = structure_at(rest.subspan(target));
    const std::size_t least = last.name.empty()     ? kStandardSize
                              : last.name == kError ? kErrorSize
                                                    : sizeof(xt_entry_target);
    if (last.size != next - target || last.size < least || !last.named)
        return refuse(EINVAL, "a target of a wrong size");
    return {};
}

Answer<PlainTarget> plain_target(View entry, Family family) {
    const View bytes = entry.subspan(head_of(entry, family).target_offset);
    const Structure target = structure_at(bytes);
    PlainTarget plain;
    if (target.name.empty()) {
        plain.verdict = 0;
        std::memcpy(&*plain.verdict, bytes.data() + offsetof(xt_standard_target, verdict), sizeof *plain.verdict);
    } else if (target.name == kError) {
        const auto* const name = reinterpret_cast<const char*>(bytes.data() + offsetof(xt_error_target, errorname));
        const std::size_t length = strnlen(name, XT_FUNCTION_MAXNAMELEN);
        if (length == XT_FUNCTION_MAXNAMELEN) return refuse(EINVAL, "a chain's name that doesn't end");
        plain.error = std::string(name, length);
    }
    return plain;
}

bool is_unconditional(View entry, Family family) {
    const EntryHead head = head_of(entry, family);
    if (head.target_offset != entry_size(family)) return false;
    Rule any;
    any.family = family;
    Bytes here(entry.begin(), entry.begin() + static_cast<std::ptrdiff_t>(entry_size(family)));
    normalize_head(here, family);
    set_offsets(here, family, 0, 0);
    return here == encode_head(any);
}

Answer<Rule> decode_entry(View given, Family family, TableId table, const TargetOf& target_of,
                          const std::function<bool(std::string_view)>& is_chain) {
    const Bytes entry = modernized(given, family);
    Rule rule;
    rule.family = family;
    if (auto done = decode_parts(entry, rule, table, target_of); !done) return std::unexpected(std::move(done.error()));
    const std::string text = canonical_text(rule);
    auto read = parse_stored_rule(text, family, table, is_chain);
    if (!read) return refuse(EINVAL, fmt::format("no rule: {}: {}", text, read.error().message));
    const auto again = encode_entry(*read, table);
    if (!again) return std::unexpected(again.error());
    if (normal_form(*again, family) != normal_form(entry, family))
        return refuse(EINVAL, fmt::format("a rule that this is only nearly: {}", text));
    return std::move(*read);
}

} // namespace xtbpf::iptc
