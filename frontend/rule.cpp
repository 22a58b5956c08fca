// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/rule.hpp"

#include "frontend/protocols.hpp"

#include <fmt/format.h>

namespace xtbpf {

namespace {

// `-i +` says nothing, `! -i +` does (iptables/xshared.c, save_iface).
void save_interface(std::string& out, char letter, std::string_view name, bool inverted) {
    if (name.empty() || (name == "+" && !inverted)) return;
    out += inverted ? " ! -" : " -";
    out += letter;
    out += ' ';
    // iptables never quotes it, and then can't restore what it has saved.
    const bool special = name.find_first_of(" \t\n\"\\") != std::string_view::npos;
    if (special) out += '"';
    for (const char c : name) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    if (special) out += '"';
}

// iptables/iptables.c, print_rule4; iptables/xshared.c, save_rule_details
void save_conditions(std::string& out, const Rule& rule) {
    save_network(out, 's', rule.source, rule.not_source, rule.family);
    save_network(out, 'd', rule.destination, rule.not_destination, rule.family);
    save_interface(out, 'i', rule.in, rule.not_in);
    save_interface(out, 'o', rule.out, rule.not_out);
    if (rule.protocol != 0) {
        out += rule.not_protocol ? " ! -p " : " -p ";
        if (auto name = protocol_name(rule.protocol, false))
            out += *name;
        else
            fmt::format_to(std::back_inserter(out), "{}", rule.protocol);
    }
    if (rule.fragment) out += rule.not_fragment ? " ! -f" : " -f";
    for (const MatchUse& match : rule.matches) {
        out += " -m ";
        out += match.def->name;
        match.use->save(out);
    }
}

void save_target(std::string& out, const Rule& rule) {
    if (rule.goal == Rule::Goal::None) return;
    out += rule.is_goto ? " -g " : " -j ";
    if (rule.goal == Rule::Goal::Extension) {
        out += rule.target_def->name;
        rule.target_use->save(out);
    } else {
        out += rule.target;
    }
}

} // namespace

bool is_verdict(std::string_view target) {
    return target == "ACCEPT" || target == "DROP" || target == "RETURN" || target == "QUEUE";
}

std::string canonical_text(const Rule& rule) {
    std::string text;
    text.reserve(96);
    save_conditions(text, rule);
    save_target(text, rule);
    if (!text.empty()) text.erase(0, 1);
    return text;
}

} // namespace xtbpf
