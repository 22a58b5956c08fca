// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/metrics.hpp"

#include "frontend/stored_rule.hpp"
#include "frontend/tokens.hpp"
#include "frontend/version.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf::tool {

namespace {

// Whether a scraper would take it: UTF-8, RFC 3629, without telling overlong forms and surrogates apart.
bool is_utf8(std::string_view text) {
    std::size_t following = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (following > 0) {
            if (byte >> 6 != 2) return false;
            --following;
        } else if (byte >= 0x80) {
            following = byte >> 5 == 6 ? 1 : byte >> 4 == 14 ? 2 : byte >> 3 == 30 ? 3 : 0;
            if (following == 0) return false;
        }
    }
    return following == 0;
}

std::string comment_of(const std::string& rule) {
    Tokens tokens;
    if (rule.find("--comment") == std::string::npos || !tokens.split(rule)) return {};
    const auto words = tokens.words();
    const auto found = std::ranges::find(words, std::string_view("--comment"));
    return found == words.end() || found + 1 == words.end() ? std::string() : std::string(found[1]);
}

class Text {
  public:
    void family(std::string_view metric, std::string_view type, std::string_view help) {
        metric_ = metric;
        put("# HELP {} {}\n# TYPE {} {}\n", metric, help, metric, type);
    }
    void value(const std::string& labels, std::uint64_t value) {
        if (labels.empty())
            put("{} {}\n", metric_, value);
        else
            put("{}{{{}}} {}\n", metric_, labels, value);
    }
    void one(std::string_view metric, std::string_view type, std::string_view help, std::optional<std::uint64_t> it) {
        if (!it) return;
        family(metric, type, help);
        value("", *it);
    }
    std::string take() { return std::move(out_); }

  private:
    template <typename... Arguments> void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    }
    std::string metric_, out_;
};

std::string labels(const TableStatus& table) {
    return fmt::format(R"(family="{}",table="{}")", name(table.family), name(table.table));
}

// One metric over all tables.
template <typename Value>
void each_table(Text& out, const Status& status, std::string_view metric, std::string_view help, Value value) {
    out.family(metric, "gauge", help);
    for (const TableStatus& table : status.tables)
        out.value(labels(table), static_cast<std::uint64_t>(value(table)));
}

void tables(Text& out, const Status& status) {
    each_table(out, status, "xtbpf_table_rules", "Rules of the table.", [](const TableStatus& table) {
        std::size_t rules = 0;
        for (const StoredChain& chain : table.rules.chains)
            rules += chain.rules.size();
        return rules;
    });
    each_table(out, status, "xtbpf_table_chains", "Chains of the table.",
               [](const TableStatus& table) { return table.rules.chains.size(); });
    each_table(out, status, "xtbpf_table_memory_bytes", "Memory of the rules' text and counters in the kernel.",
               [](const TableStatus& table) { return table.memory; });
    each_table(out, status, "xtbpf_table_programs_memory_bytes", "Memory of the table's programs.",
               [](const TableStatus& table) {
                   std::uint64_t bytes = 0;
                   for (const ProgramStatus& program : table.programs)
                       bytes += program.memory;
                   return bytes;
               });
    each_table(out, status, "xtbpf_table_in_force", "1 if every hook of the table is served, 0 if somebody meddled.",
               [](const TableStatus& table) { return table.whole && table.trouble.empty() ? 1 : 0; });
}

using CounterOf = std::uint64_t Counters::*;

void policies(Text& out, const Status& status, std::string_view unit, CounterOf counter) {
    out.family(fmt::format("xtbpf_policy_{}_total", unit), "counter",
               fmt::format("{} that a built-in chain's policy decided.", unit));
    for (const TableStatus& table : status.tables)
        for (const StoredChain& chain : table.rules.chains)
            if (chain.accept)
                out.value(fmt::format(R"({},chain="{}",policy="{}")", labels(table), chain.name,
                                      *chain.accept ? "ACCEPT" : "DROP"),
                          chain.account.counters.*counter);
}

std::string rule_labels(const TableStatus& table, const StoredChain& chain, std::size_t rule) {
    const std::string& text = chain.rules[rule].text;
    const auto jump = jump_of(text);
    std::string out = fmt::format(R"({},chain={},rule="{}",target={})", labels(table), label(chain.name), rule + 1,
                                  label(jump ? jump->target : ""));
    const std::string comment = comment_of(text);
    if (!comment.empty()) out += ",comment=" + label(comment);
    return out;
}

void rules(Text& out, const Status& status, std::string_view unit, CounterOf counter) {
    out.family(fmt::format("xtbpf_rule_{}_total", unit), "counter", fmt::format("{} that matched the rule.", unit));
    for (const TableStatus& table : status.tables)
        for (const StoredChain& chain : table.rules.chains)
            for (std::size_t rule = 0; rule < chain.rules.size(); ++rule)
                out.value(rule_labels(table, chain, rule), chain.rules[rule].account.counters.*counter);
}

void stages(Text& out, const Status& status) {
    out.family("xtbpf_device_stage", "gauge",
               "1 for the earliest stage that decides packets of the device: xdp, tc or netfilter.");
    for (const DeviceStatus& device : status.devices)
        out.value(fmt::format(R"(device={},stage="{}")", label(device.device),
                              device.active && device.place != "none" ? device.place : "netfilter"),
                  1);
}

} // namespace

std::string label(std::string_view text) {
    const bool good = is_utf8(text);
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\', out += c;
        else if (c == '\n')
            out += "\\n";
        else
            out += good || static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
    return out + '"';
}

std::string metrics(const Status& status, const ConntrackFigures& conntrack, Detail detail) {
    Text out;
    out.family("xtbpf_info", "gauge", "The version of iptables that this is a drop-in for.");
    out.value(fmt::format(R"(version="{}")", kVersion), 1);
    tables(out, status);
    policies(out, status, "packets", &Counters::packets);
    policies(out, status, "bytes", &Counters::bytes);
    if (detail == Detail::Rules) {
        rules(out, status, "packets", &Counters::packets);
        rules(out, status, "bytes", &Counters::bytes);
    }
    stages(out, status);
    out.one("xtbpf_conntrack_entries", "gauge", "Connections tracked in this network namespace.", conntrack.entries);
    out.one("xtbpf_conntrack_entries_max", "gauge", "How many there may be.", conntrack.most);
    out.one("xtbpf_conntrack_dropped_total", "counter", "Packets dropped because no entry could be made.",
            conntrack.dropped);
    out.one("xtbpf_conntrack_early_dropped_total", "counter", "Entries given up to make room for new ones.",
            conntrack.early_dropped);
    out.one("xtbpf_conntrack_insert_failed_total", "counter", "Entries that couldn't be inserted.",
            conntrack.insert_failed);
    out.one("xtbpf_conntrack_invalid_total", "counter", "Packets that belong to no connection and begin none.",
            conntrack.invalid);
    return out.take();
}

} // namespace xtbpf::tool
