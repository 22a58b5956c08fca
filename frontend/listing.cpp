// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/listing.hpp"

#include "frontend/protocols.hpp"
#include "frontend/stored_rule.hpp"

#include <fmt/format.h>

namespace xtbpf {

namespace {

template <typename... Args> void add(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

// libxtables/xtables.c, xtables_print_num: rounded at each step
void add_number(std::string& out, std::uint64_t number, const ListFormat& format, bool columns) {
    if (format.exact) {
        add(out, "{:>{}} ", number, columns ? 8 : 0);
        return;
    }
    if (number <= 99999) {
        add(out, "{:>{}} ", number, columns ? 5 : 0);
        return;
    }
    constexpr std::string_view kUnits = "KMGT";
    std::size_t unit = 0;
    number = (number + 500) / 1000;
    while (number > 9999 && unit < 3) {
        number = (number + 500) / 1000;
        ++unit;
    }
    add(out, "{:>{}}{} ", number, columns ? 4 : 0, kUnits[unit]);
}

// iptables/xshared.c, print_header
void add_header(std::string& out, WorkTable& table, const WorkChain& chain, const ListFormat& format) {
    add(out, "Chain {}", chain.name);
    if (chain.accept) {
        add(out, " (policy {}", *chain.accept ? "ACCEPT" : "DROP");
        if (format.counters) {
            out += ' ';
            add_number(out, chain.account.counters.packets, format, false);
            out += "packets, ";
            add_number(out, chain.account.counters.bytes, format, false);
            out += "bytes";
        }
        out += ")\n";
    } else {
        add(out, " ({} references)\n", table.references(chain.name));
    }
    if (format.line_numbers) out += "num  ";
    if (format.counters) out += format.exact ? "    pkts      bytes " : " pkts bytes ";
    out += "target     prot opt";
    if (format.counters) out += " in     out   ";
    out += format.counters ? "  source               destination         \n"
                           : " source               destination         \n";
}

void add_interface(std::string& out, std::string_view name, bool inverted, const ListFormat& format) {
    std::string shown = inverted ? "!" : "";
    shown += !name.empty() ? name : format.numeric ? "*" : "any";
    add(out, "{:<{}} ", shown, format.table ? 6 : 0);
}

} // namespace

// iptables/iptables.c, print_firewall; iptables/xshared.c, print_rule_details and what follows it
void list_rule(std::string& out, const Rule& rule, const Counters& counters, std::uint32_t number,
               const ListFormat& format) {
    const bool columns = format.table;
    if (format.line_numbers) add(out, "{:<4} ", number);
    if (format.counters && columns) {
        add_number(out, counters.packets, format, true);
        add_number(out, counters.bytes, format, true);
    }
    const bool renamed = rule.target_use && !rule.target_def->listed_as.empty();
    add(out, "{:<{}} ", renamed ? rule.target_def->listed_as : rule.target, columns ? 9 : 0);
    out += rule.not_protocol ? '!' : ' ';
    const auto protocol = protocol_name(rule.protocol, !format.numeric);
    add(out, "{:<{}} ", protocol ? *protocol : std::to_string(rule.protocol), columns ? 4 : 0);

    if (!columns) out += "opt ";
    out += rule.not_fragment ? '!' : '-';
    out += rule.fragment ? "f " : "- ";

    if (format.counters) {
        out += columns ? " " : "in ";
        add_interface(out, rule.in, rule.not_in, format);
        if (!columns) out += "out ";
        add_interface(out, rule.out, rule.not_out, format);
    }
    out += rule.not_source ? '!' : ' ';
    add(out, "{:<{}} ", list_network(rule.source, rule.family, format.numeric), columns ? 19 : 0);
    out += rule.not_destination ? '!' : ' ';
    const std::string destination = list_network(rule.destination, rule.family, format.numeric);
    if (columns)
        add(out, "{:<19} ", destination);
    else
        add(out, "-> {}  ", destination);
    if (rule.is_goto) out += "[goto] ";
    for (const MatchUse& match : rule.matches)
        match.use->list(out, format.numeric);
    if (rule.target_use) rule.target_use->list(out, format.numeric);
    out += '\n';
}

Result<bool> list_chains(std::string& out, WorkTable& table, const std::string* only, std::uint32_t number,
                         const ListFormat& format) {
    const auto is_chain = [&](std::string_view name) { return table.find(name) != nullptr; };
    bool found = false;
    for (WorkChain* chain : table.chains()) {
        if (only != nullptr && chain->name != *only) continue;
        if (found) out += '\n';
        found = true;
        if (number == 0) add_header(out, table, *chain, format);
        std::uint32_t current = 0;
        for (const WorkRule& rule : chain->rules) {
            ++current;
            if (number != 0 && number != current) continue;
            const auto parsed = parse_stored_rule(rule.stored.text, table.family(), table.id(), is_chain);
            if (!parsed) return std::unexpected(parsed.error());
            list_rule(out, *parsed, rule.stored.account.counters, current, format);
        }
    }
    return found;
}

bool list_rules(std::string& out, WorkTable& table, const std::string* only, std::uint32_t number, bool counters) {
    const auto add_counters = [&](const Account& account) {
        if (counters) add(out, " -c {} {}", account.counters.packets, account.counters.bytes);
    };
    bool found = false;
    const auto chains = table.chains();
    for (const WorkChain* chain : chains) {
        if (number != 0 || (only != nullptr && chain->name != *only)) continue;
        if (chain->accept) {
            add(out, "-P {} {}", chain->name, *chain->accept ? "ACCEPT" : "DROP");
            add_counters(chain->account);
            out += '\n';
        } else {
            add(out, "-N {}\n", chain->name);
        }
    }
    for (const WorkChain* chain : chains) {
        if (only != nullptr && chain->name != *only) continue;
        found = true;
        std::uint32_t current = 0;
        for (const WorkRule& rule : chain->rules) {
            if (++current != number && number != 0) continue;
            const std::string_view text = rule.stored.text;
            const auto jump = counters ? jump_of(text) : std::nullopt;
            const std::size_t conditions = jump ? jump->option : text.size();
            add(out, "-A {}", chain->name);
            if (conditions != 0) add(out, " {}", text.substr(0, conditions));
            add_counters(rule.stored.account);
            if (conditions < text.size()) add(out, "{}{}", conditions == 0 ? " " : "", text.substr(conditions));
            out += '\n';
        }
    }
    return found;
}

} // namespace xtbpf
