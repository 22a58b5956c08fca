// SPDX-License-Identifier: GPL-2.0-or-later
// The options that make up a rule: addresses, interfaces, protocol, matches, target, and what extensions add.
#include "frontend/command_parser.hpp"
#include "frontend/help.hpp"
#include "frontend/protocols.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace xtbpf {

namespace {

constexpr std::size_t kInterfaceName = 16; // IFNAMSIZ

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Extension headers can't be what `-p` finds (iptables/xshared.c, is_exthdr).
bool is_extension_header(std::uint16_t protocol) {
    return protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60;
}

} // namespace

Diagnosed<void> CommandParser::rule_option(const ScannedOption& found) {
    Rule& rule = command_.rule;
    switch (found.letter) {
    case 's': source_text_ = found.value; return set_option(kSource, &rule.not_source);
    case 'd': destination_text_ = found.value; return set_option(kDestination, &rule.not_destination);
    case 'p': return protocol_option(found.value);
    case 'i': return interface_option(kInInterface, found.value, rule.in, rule.not_in);
    case 'o': return interface_option(kOutInterface, found.value, rule.out, rule.not_out);
    case 'f':
        if (program_.family == Family::V6)
            return program_.parameter_problem("`-f' is not supported in IPv6, use -m frag instead");
        rule.fragment = true;
        return set_option(kFragment, &rule.not_fragment);
    case 'm': return match_option(found.value);
    case 'g': rule.is_goto = true; [[fallthrough]];
    default: return jump_option(found.value);
    }
}

// iptables/xshared.c, ipv4_proto_parse and ipv6_proto_parse
Diagnosed<void> CommandParser::protocol_option(std::string_view value) {
    Rule& rule = command_.rule;
    if (auto set = set_option(kProtocol, &rule.not_protocol); !set) return set;
    protocol_text_ = value;
    for (char& c : protocol_text_)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto protocol = parse_protocol(protocol_text_);
    if (!protocol) return program_.parameter_problem(fmt::format("unknown protocol \"{}\" specified", protocol_text_));
    rule.protocol = *protocol;
    if (*protocol == 0 && rule.not_protocol) return program_.parameter_problem("rule would never match protocol");
    if (program_.family == Family::V6 && is_extension_header(*protocol) && !rule.not_protocol)
        warn(fmt::format("Warning: never matched protocol: {}. use extension match instead.\n", protocol_text_));
    return {};
}

// iptables/xshared.c, parse_interface
Diagnosed<void> CommandParser::interface_option(std::uint32_t option, std::string_view value, std::string& name,
                                                bool& inverted) {
    if (value.empty()) return program_.parameter_problem("Empty interface is likely to be undesired");
    if (auto set = set_option(option, &inverted); !set) return set;
    if (value.size() >= kInterfaceName)
        return program_.parameter_problem(
            fmt::format("interface name `{}' must be shorter than {} characters", value, kInterfaceName));
    if (value.find_first_of("/ ") != std::string_view::npos)
        warn(fmt::format("Warning: weird character in interface `{}' ('/' and ' ' are not allowed by the kernel).\n",
                         value));
    name = value;
    return {};
}

// iptables/xshared.c, xt_parse_target and command_jump; but a name with quotes is refused, which a save would not give back.
Diagnosed<void> CommandParser::jump_option(std::string_view value) {
    if (auto set = set_option(kJump); !set) return set;
    Rule& rule = command_.rule;
    if (value == "CONTINUE" && !rule.is_goto) return {};
    if (value.empty()) return program_.parameter_problem("Invalid target name (too short)");
    if (value.size() >= kMaxChainName)
        return program_.parameter_problem(
            fmt::format("Invalid target name `{}' ({} chars max)", value, kMaxChainName - 1));
    if (std::ranges::any_of(value, is_space) || value.find_first_of("\"\\") != std::string_view::npos)
        return program_.parameter_problem(fmt::format("Invalid target name `{}'", value));
    rule.target = value;
    if (rule.is_goto) return {};
    rule.target_def = find_target(value, program_.family);
    if (rule.target_def != nullptr) {
        if (rule.target_def->absent) warn(absence_warning(value));
        rule.target_use = rule.target_def->create(program_.family);
        scanner_.add_group(rule.target_def->options);
        groups_.push_back({});
    }
    return {};
}

void CommandParser::add_match(const MatchDef& def) {
    command_.rule.matches.push_back({&def, def.create(program_.family)});
    match_used_.push_back(0);
    if (std::ranges::any_of(groups_, [&](const Group& group) { return group.match == &def; })) return;
    scanner_.add_group(def.options);
    groups_.push_back({&def});
}

Diagnosed<void> CommandParser::match_option(std::string_view value) {
    if (inverted_) return program_.parameter_problem("unexpected ! flag before --match");
    if (value.size() >= kMaxChainName) // xtables_find_match of libxtables/xtables.c
        return program_.parameter_problem(
            fmt::format("Invalid match name \"{}\" ({} chars max)", value, kMaxChainName - 1));
    const MatchDef* def = find_match(value, program_.family);
    if (def == nullptr)
        return program_.parameter_problem(fmt::format("Couldn't load match `{}':No such file or directory\n", value));
    add_match(*def);
    return {};
}

// `-p tcp --dport 22` means `-p tcp -m tcp --dport 22` (iptables/xshared.c, load_proto).
Diagnosed<bool> CommandParser::load_protocol_match() {
    if (protocol_text_.empty() || protocol_match_tried_) return false;
    protocol_match_tried_ = true;
    const MatchDef* def = match_of_protocol(static_cast<std::uint8_t>(command_.rule.protocol), program_.family);
    if (def == nullptr) return false;
    add_match(*def);
    return true;
}

RuleContext CommandParser::context() {
    RuleContext rule = command_.rule.context(table_by_name(command_.table).value_or(TableId::Filter));
    rule.warnings = warnings_;
    return rule;
}

void CommandParser::warn(std::string_view text) {
    if (warnings_ != nullptr) *warnings_ += text;
}

Diagnosed<void> CommandParser::diagnosed(const Result<void>& done) const {
    if (!done) return program_.problem(done.error());
    return {};
}

Diagnosed<void> CommandParser::extension_option(const ScannedOption& found) {
    const Group& group = groups_[found.group];
    Extension* use = command_.rule.target_use.get();
    std::uint32_t* used = &target_used_;
    std::span<const OptionDef> options;
    std::string_view extension;
    if (group.match != nullptr) { // of several uses of one match the latest
        auto& matches = command_.rule.matches;
        std::size_t latest = matches.size() - 1;
        while (matches[latest].def != group.match)
            --latest;
        use = matches[latest].use.get();
        used = &match_used_[latest];
        options = group.match->options;
        extension = group.match->name;
    } else {
        options = command_.rule.target_def->options;
        extension = command_.rule.target_def->name;
    }
    const RuleContext rule = context();
    OptionUse option{.option = found.option, .value = found.value, .inverted = inverted_, .rule = rule};
    if (options[found.option].argument == Argument::Two) option.second = scanner_.take_value();
    if (options[found.option].argument == Argument::Optional && !found.has_value) // rateest_parse
        option.value = scanner_.take_value().value_or(std::string_view());
    return diagnosed(use_option(extension, options, *used, *use, option));
}

Diagnosed<void> CommandParser::finish_extensions() {
    const RuleContext rule = context();
    for (const MatchUse& match : command_.rule.matches)
        if (auto done = diagnosed(match.use->finish(rule)); !done) return done;
    if (command_.rule.target_use) return diagnosed(command_.rule.target_use->finish(rule));
    return {};
}

// Names are looked up only now, when all else is known to be right (iptables/xshared.c, ipv4_post_parse).
Diagnosed<void> CommandParser::resolve_addresses() {
    const auto lookup = [&](std::uint32_t option, std::string_view text, std::vector<Network>& out) -> Diagnosed<void> {
        if ((options_ & option) == 0) {
            if ((command_.verbs & kRuleVerbs) != 0) out.emplace_back();
            return {};
        }
        auto networks = parse_networks(text, program_.family);
        if (!networks) return program_.problem(networks.error());
        out = std::move(*networks);
        return {};
    };
    if (auto done = lookup(kSource, source_text_, command_.sources); !done) return done;
    if (auto done = lookup(kDestination, destination_text_, command_.destinations); !done) return done;
    const bool several = command_.sources.size() > 1 || command_.destinations.size() > 1;
    if (several && (command_.rule.not_source || command_.rule.not_destination))
        return program_.parameter_problem("! not allowed with multiple source or destination IP addresses");
    return {};
}

std::unexpected<Diagnosis> CommandParser::help() {
    std::vector<const MatchDef*> matches;
    for (const MatchUse& match : command_.rule.matches)
        matches.push_back(match.def);
    if (matches.empty() && !protocol_text_.empty()) // iptables -p icmp -h
        if (const MatchDef* def = find_match(protocol_text_, program_.family)) matches.push_back(def);
    return std::unexpected(Diagnosis{0, {}, help_text(program_, command_.rule.target_def, matches)});
}

Diagnosed<void> assert_valid_chain_name(std::string_view name, const Program& program) {
    if (name.size() >= kMaxChainName)
        return program.parameter_problem(
            fmt::format("chain name `{}' too long (must be under {} chars)", name, kMaxChainName));
    if (!name.empty() && (name[0] == '-' || name[0] == '!'))
        return program.parameter_problem(fmt::format("chain name not allowed to start with `{}'", name[0]));
    if (is_verdict(name) || name.empty() || find_target(name, program.family) != nullptr)
        return program.parameter_problem("chain name may not clash with target name");
    if (std::ranges::any_of(name, is_space))
        return program.parameter_problem(fmt::format("Invalid chain name `{}'", name));
    return {};
}

} // namespace xtbpf
