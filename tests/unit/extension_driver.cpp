// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/extension_driver.hpp"

#include "tests/text/memory_sets.hpp"

#include <array>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

namespace xtbpf::test {

namespace {

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    bool quoted = false, open = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == ' ' && !quoted) {
            open = false;
            continue;
        }
        if (!open) words.emplace_back();
        open = true;
        if (c == '"')
            quoted = !quoted;
        else
            words.back() += c == '\\' && i + 1 < text.size() ? text[++i] : c;
    }
    return words;
}

using Protocol = std::pair<std::string_view, std::uint16_t>;
constexpr std::array kProtocols{Protocol{"tcp", 6},       Protocol{"udp", 17},       Protocol{"icmp", 1},
                                Protocol{"icmpv6", 58},   Protocol{"ipv6-icmp", 58}, Protocol{"sctp", 132},
                                Protocol{"udplite", 136}, Protocol{"dccp", 33},      Protocol{"ah", 51},
                                Protocol{"esp", 50},      Protocol{"ipcomp", 108},   Protocol{"mobility-header", 135}};

template <typename Use>
Result<void> drive(const ExtensionDef<Use>& def, Use& use, std::span<const std::string> words, RuleContext& rule) {
    std::uint32_t used = 0;
    bool inverted = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "!") {
            inverted = true;
            continue;
        }
        std::size_t index = def.options.size();
        for (std::size_t o = 0; o < def.options.size(); ++o)
            if ("--" + std::string(def.options[o].name) == words[i]) index = o;
        if (index == def.options.size()) throw std::invalid_argument(words[i]);
        OptionUse one{.option = index, .value = {}, .inverted = std::exchange(inverted, false), .rule = rule};
        const Argument argument = def.options[index].argument;
        if (argument == Argument::Required || argument == Argument::Two) one.value = words[++i];
        if (argument == Argument::Optional && i + 1 < words.size() && words[i + 1][0] != '-' && words[i + 1][0] != '!')
            one.value = words[++i];
        if (argument == Argument::Two && i + 1 < words.size() && words[i + 1][0] != '-' && words[i + 1][0] != '!')
            one.second = words[++i];
        if (auto done = use_option(def.name, def.options, used, use, one); !done) return done;
    }
    return use.finish(rule);
}

std::string ranges(const ir::FieldTest& test) {
    std::string out;
    for (const ir::Range& range : test.ranges) {
        out += out.empty() ? "" : ",";
        out += range.low == range.high ? fmt::format("{:#x}", range.low)
                                       : fmt::format("{:#x}-{:#x}", range.low, range.high);
    }
    return out;
}

std::string words_of(const ir::Words& words) {
    return fmt::format("{:08x}:{:08x}:{:08x}:{:08x}", words[0], words[1], words[2], words[3]);
}

std::string gate(const std::optional<ir::Gate>& gate) {
    if (!gate) return "";
    return fmt::format(" unless {}<{}:{}", layout(gate->field).name, gate->at_least, gate->otherwise);
}

struct Describe {
    std::string operator()(const ir::FieldTest& test) const {
        const std::string mask = test.mask == ~0U ? "" : fmt::format("&{:#x}", test.mask);
        return fmt::format("{}{}{} {}{}", test.invert ? "!" : "", layout(test.field).name, mask, ranges(test),
                           gate(test.gate));
    }
    std::string operator()(const ir::AnyOf& any) const {
        std::string out = any.invert ? "!any(" : "any(";
        for (std::size_t i = 0; i < any.tests.size(); ++i)
            out += (i ? " | " : "") + (*this)(any.tests[i]);
        return out + ")";
    }
    std::string operator()(const ir::AddressTest& test) const {
        return fmt::format("{}{} {}/{}{}", test.invert ? "!" : "", layout(test.field).name, words_of(test.value),
                           words_of(test.mask), gate(test.gate));
    }
    std::string operator()(const ir::AddressRange& range) const {
        return fmt::format("{}{} {}-{}", range.invert ? "!" : "", layout(range.field).name, words_of(range.low),
                           words_of(range.high));
    }
    std::string operator()(const ir::InterfaceTest&) const { return "interface"; }
    std::string operator()(const ir::ProtocolTest&) const { return "protocol"; }
    std::string operator()(const ir::HeaderTest& test) const {
        return fmt::format("header {}{}", test.bytes, test.drop_offset_one ? " drop1" : "");
    }
    std::string operator()(const ir::TcpOptionTest& test) const {
        return fmt::format("{}tcp-option {}", test.invert ? "!" : "", test.kind);
    }
    std::string operator()(const ir::LimitTest& test) const {
        return fmt::format("limit {} burst {}", test.avg, test.burst);
    }
    std::string operator()(const ir::BytesTest&) const { return "bytes"; }
    std::string operator()(const ir::ExtensionTest&) const { return "extension"; }
    std::string operator()(const ir::TcpMssTest&) const { return "tcp-mss"; }
    std::string operator()(const ir::U32Test&) const { return "u32"; }
    std::string operator()(const ir::CountTest& test) const {
        const bool nth = test.kind == ir::CountTest::Kind::Nth;
        return fmt::format("{}{} {} {}", test.invert ? "!" : "", nth ? "nth" : "quota", test.most, test.packet);
    }
    std::string operator()(const ir::KernelMatch& match) const {
        std::string out = fmt::format("kernel {}.{} ", match.name, match.revision);
        for (const std::uint8_t byte : match.info)
            out += fmt::format("{:02x}", byte);
        return out;
    }
};

void check(const Case& want) {
    SCOPED_TRACE(want.words);
    const auto parsed = parse(want.words);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    std::string save, list, numeric, lowered;
    parsed->extension().save(save);
    parsed->extension().list(list, false);
    parsed->extension().list(numeric, true);
    if (!parsed->target) {
        std::vector<ir::Predicate> predicates;
        parsed->matches.back()->lower(parsed->rule, predicates);
        for (const auto& predicate : predicates)
            lowered += (lowered.empty() ? "" : "; ") + describe(predicate);
    } else {
        lowered = describe(parsed->target->lower(parsed->rule));
    }
    EXPECT_EQ(save, want.save);
    EXPECT_EQ(list, want.list);
    EXPECT_EQ(numeric, want.numeric.empty() ? want.list : want.numeric);
    EXPECT_EQ(lowered, want.lowered);
}

Result<void> use_match(std::string_view name, std::span<const std::string> options, Parsed& parsed) {
    const MatchDef* def = find_match(name, parsed.rule.family);
    if (!def) throw std::invalid_argument(std::string(name));
    parsed.match_defs.push_back(def);
    parsed.matches.push_back(def->create(parsed.rule.family));
    auto done = drive(*def, *parsed.matches.back(), options, parsed.rule);
    parsed.rule.asks_syn |= parsed.matches.back()->asks_syn();
    return done;
}

Result<void> use_target(std::string_view name, std::span<const std::string> options, Parsed& parsed) {
    parsed.target_def = find_target(name, parsed.rule.family);
    if (!parsed.target_def) throw std::invalid_argument(std::string(name));
    if (parsed.target_def->absent && parsed.rule.warnings) *parsed.rule.warnings += absence_warning(name);
    parsed.target = parsed.target_def->create(parsed.rule.family);
    return drive(*parsed.target_def, *parsed.target, options, parsed.rule);
}

} // namespace

std::string describe(const ir::Predicate& predicate) { return std::visit(Describe{}, predicate); }

std::string describe(const ir::Action& action) {
    const auto* hand_off = std::get_if<ir::HandOff>(&action);
    if (!hand_off) return "verdict";
    if (const auto* reject = std::get_if<ir::RejectEffect>(&hand_off->effect))
        return reject->tcp_reset ? "reject tcp-reset" : fmt::format("reject {}", reject->icmp_code);
    const auto* log = std::get_if<ir::LogEffect>(&hand_off->effect);
    return log ? fmt::format("log '{}' {} {:#x}", log->prefix, log->level, log->flags) : dump(hand_off->effect);
}

Result<Parsed> parse(std::string_view text, std::string* warnings) {
    Parsed parsed;
    parsed.rule.warnings = warnings;
    if (text.starts_with("6:")) {
        parsed.rule.family = Family::V6;
        text.remove_prefix(2);
    }
    use_memory_sets();
    const std::vector<std::string> words = split(text);
    std::size_t i = 0;
    if (words.at(0) == "-t") {
        parsed.rule.table = table_by_name(words.at(1)).value();
        i = 2;
    }
    const auto is_extension = [&](std::size_t at) { return words[at] == "-m" || words[at] == "-j"; };
    for (; !is_extension(i); ++i) {
        if (words[i] == "!") parsed.rule.protocol_inverted = true;
        for (const auto& [name, number] : kProtocols)
            if (words[i] == name) parsed.rule.protocol = number;
    }
    while (i < words.size()) {
        std::size_t end = i + 2;
        while (end < words.size() && !is_extension(end))
            ++end;
        const std::span<const std::string> options = std::span(words).subspan(i + 2, end - i - 2);
        const Result<void> done =
            words[i] == "-m" ? use_match(words[i + 1], options, parsed) : use_target(words[i + 1], options, parsed);
        if (!done) return std::unexpected(done.error());
        i = end;
    }
    return parsed;
}

void check(std::span<const Case> cases) {
    for (const Case& want : cases)
        check(want);
}

void check(std::span<const Refusal> refusals) {
    for (const Refusal& want : refusals) {
        SCOPED_TRACE(want.words);
        const auto parsed = parse(want.words);
        if (parsed) {
            const auto checked = parsed->extension().check(parsed->rule, ~0U);
            ASSERT_FALSE(checked.has_value());
            EXPECT_EQ(checked.error().message, want.error);
            EXPECT_EQ(exit_code(checked.error().kind), 1);
        } else {
            EXPECT_EQ(parsed.error().message, want.error);
            EXPECT_EQ(exit_code(parsed.error().kind), 2);
        }
    }
}

} // namespace xtbpf::test
