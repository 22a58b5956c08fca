// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf verify: do the loaded programs do what the stored rules say? The rules are lowered again from their text, and both the
// interpreter and the programs (BPF_PROG_TEST_RUN, dry: nothing is counted) judge packets aimed at each rule's boundaries. The
// early stage's programs are asked in verify_early.cpp.
#include "datapath/loaded_programs.hpp"
#include "datapath/self_check.hpp"
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/explain/rules.hpp"
#include "frontend/xtbpf/json.hpp"
#include "frontend/xtbpf/shadow/shadow_rules.hpp"
#include "frontend/xtbpf/verify_early.hpp"
#include "frontend/xtbpf/words.hpp"
#include "kmod-shim/anchor.hpp"
#include "translator/chains.hpp"
#include "translator/interpreter.hpp"
#include "translator/probes.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

constexpr std::uint32_t kProbes = 10000;
constexpr int kTries = 5;
constexpr unsigned kShadowSeconds = 10;

struct Verdict {
    Family family;
    TableId table;
    std::string chain; // empty: the whole table
    std::uint32_t program = 0;
    std::size_t packets = 0;
    std::string trouble; // empty: all is well
};

void verify_hook(const ir::Table& table, const HookProgram& loaded, std::size_t limit, Verdict& verdict) {
    for (const xt_view& view : probes(table, loaded.hook, limit)) {
        const auto answer = dry_run(loaded.program.get(), view, {});
        if (!answer) {
            verdict.trouble = answer.error().message;
            return;
        }
        ++verdict.packets;
        if (*answer == dry_run_answer(interpret(table, loaded.hook, view, {}))) continue;
        verdict.trouble = "the program and the rules disagree on " + describe(view, table.family);
        return;
    }
}

std::vector<Verdict> verify_store(const CurrentStore& store, std::size_t limit) {
    const Family family = store.table.family;
    const TableId table = store.table.id;
    const auto rules = rule_table(store.table);
    if (!rules) return {{family, table, "", 0, 0, rules.error().message}};
    std::vector<Verdict> out;
    if (!store.whole) out.push_back({family, table, "", 0, 0, "a hook has lost its rule in nf_tables"});
    const auto programs = hook_programs(store);
    for (const Hook hook : hooks_of(table)) {
        Verdict& verdict = out.emplace_back(Verdict{family, table, std::string(name(hook)), 0, 0, ""});
        if ((store.programless & hook_bit(hook)) != 0) {
            if (!accepts_all(rules->program, hook)) verdict.trouble = "there are rules, but no program";
            continue;
        }
        const auto loaded = std::ranges::find(programs, hook, &HookProgram::hook);
        if (loaded == programs.end()) {
            verdict.trouble = "no program is loaded";
            continue;
        }
        verdict.program = loaded->id;
        verify_hook(rules->program, *loaded, limit, verdict);
    }
    return out;
}

bool well(const std::vector<Verdict>& verdicts) {
    return std::ranges::all_of(verdicts, [](const Verdict& each) { return each.trouble.empty(); });
}

// A commit in between would make the rules of one generation meet the programs of another.
Result<std::vector<Verdict>> verify_table(Family family, TableId table, std::size_t limit) {
    for (int attempt = 1;; ++attempt) {
        const auto store = read_store(family, table);
        if (!store) {
            if (store.error().kind == ErrorKind::Denied) return std::unexpected(store.error());
            return std::vector<Verdict>{{family, table, "", 0, 0, store.error().message}};
        }
        if (!*store) {
            const auto orphaned = anchor::orphaned(family, table);
            if (!orphaned || !*orphaned) return std::vector<Verdict>{};
            return std::vector<Verdict>{{family, table, "", 0, 0, "programs of rules that are gone are in force"}};
        }
        std::vector<Verdict> verdicts = verify_store(**store, limit);
        if (well(verdicts) || attempt == kTries) return verdicts;
        const auto again = read_store(family, table);
        if (again && *again && (*again)->tag == (*store)->tag) return verdicts;
    }
}

bool well(const std::vector<EarlyVerdict>& verdicts) {
    return std::ranges::all_of(verdicts, [](const EarlyVerdict& each) { return each.trouble.empty(); });
}

std::string text(const EarlyVerdict& each) {
    std::string out = fmt::format("early stage, {} on {}: ", each.place, fmt::join(each.devices, ", "));
    if (!each.trouble.empty()) return out + fmt::format("WRONG: {}\n", each.trouble);
    if (!each.asked) return out + fmt::format("program {} isn't on, or can't be asked\n", each.program);
    return out + fmt::format("program {} drops {} of {}, all as the rules say\n", each.program, each.drops,
                             counted(each.packets, "packet"));
}

std::string text(const std::vector<Verdict>& verdicts, const std::vector<EarlyVerdict>& early) {
    if (verdicts.empty()) return "No rules: no table has been touched in this network namespace.\n";
    std::string out;
    for (const Verdict& each : verdicts) {
        out += fmt::format("{} -t {}{}{}: ", command_word(each.family), name(each.table), each.chain.empty() ? "" : " ",
                           each.chain);
        if (!each.trouble.empty())
            out += fmt::format("WRONG: {}\n", each.trouble);
        else if (each.program == 0)
            out += "no rules, and no program: nf_tables accepts and counts\n";
        else
            out += fmt::format("program {} does what the rules say with {}\n", each.program,
                               counted(each.packets, "packet"));
    }
    for (const EarlyVerdict& each : early)
        out += text(each);
    return out;
}

std::string json(const std::vector<Verdict>& verdicts, const std::vector<EarlyVerdict>& early) {
    Json chains = Json::array(), programs = Json::array();
    for (const Verdict& each : verdicts)
        chains.push_back({{"family", name(each.family)},
                          {"table", name(each.table)},
                          {"chain", each.chain},
                          {"program", each.program},
                          {"packets", each.packets},
                          {"well", each.trouble.empty()},
                          {"trouble", each.trouble}});
    for (const EarlyVerdict& each : early)
        programs.push_back({{"program", each.program},
                            {"place", each.place},
                            {"devices", each.devices},
                            {"asked", each.asked},
                            {"packets", each.packets},
                            {"drops", each.drops},
                            {"well", each.trouble.empty()},
                            {"trouble", each.trouble}});
    return line(
        {{"well", well(verdicts) && well(early)}, {"chains", std::move(chains)}, {"early", std::move(programs)}});
}

int verify_shadow(const CommandLine& line) {
    const auto from = variant_named(line.get<std::string>("from"), "from");
    if (!from) return line.misused(from.error().message);
    if (const auto code = refuse_unless_root()) return *code;
    const auto rules = shadow_rules(*from, line.get<std::string>("rules"), line.get<std::string>("rules6"));
    if (!rules) return complain(rules.error());
    const auto found = shadow(*rules, std::chrono::seconds(line.get<unsigned>("for").value_or(kShadowSeconds)));
    if (!found) return complain(found.error());
    fmt::print("{}", line.has("json") ? json(*found) : text(*found));
    return agrees(*found) ? kDone : kFailed;
}

} // namespace

int run_verify(const Arguments& arguments) {
    CommandLine line(
        "verify [OPTION...]",
        "Compares the loaded programs with the rules they were made of: both judge packets that are aimed at\n"
        "each rule's boundaries. What the early stage's programs drop, the rules have to drop. Nothing is counted,\n"
        "no traffic is touched. Exit code 1 if anything is wrong.");
    line.options()("packets", boost::program_options::value<std::uint32_t>()->value_name("N"),
                   "at most so many for a chain (default: 10000)")("json", "JSON instead of text")(
        "shadow", "instead: let the rules of iptables-legacy or iptables-nft judge live traffic as they\n"
                  "would here, beside the kernel, and list where the kernel does otherwise")(
        "for", boost::program_options::value<unsigned>()->value_name("SECONDS"),
        "with --shadow: how long (default: 10)")("from",
                                                 boost::program_options::value<std::string>()->value_name("VARIANT"),
                                                 "with --shadow: legacy or nft, if both have rules")(
        "rules", boost::program_options::value<std::string>()->value_name("FILE"),
        "with --shadow: other rules for IPv4, of an iptables-save")(
        "rules6", boost::program_options::value<std::string>()->value_name("FILE"), "and for IPv6");
    if (const auto code = line.parse(arguments)) return *code;
    if (line.has("shadow") && line.get<unsigned>("for") == 0U) return line.misused("--for 0 would judge nothing");
    if (line.has("shadow")) return verify_shadow(line);
    for (const char* option : {"for", "from", "rules", "rules6"})
        if (line.has(option)) return line.misused(fmt::format("--{} goes with --shadow", option));
    const std::uint32_t limit = line.get<std::uint32_t>("packets").value_or(kProbes);
    if (limit == 0) return line.misused("--packets 0 would verify nothing");
    std::vector<Verdict> verdicts;
    for (const Family family : {Family::V4, Family::V6})
        for (const TableId table : kTables) {
            auto some = verify_table(family, table, limit);
            if (!some) return complain(some.error());
            std::ranges::move(*some, std::back_inserter(verdicts));
        }
    std::vector<EarlyVerdict> early;
    if (!verdicts.empty()) {
        auto found = verify_early(limit);
        if (!found && found.error().kind == ErrorKind::Denied) return complain(found.error());
        if (found) early = std::move(*found); // else a table can't be read: it has its verdict
    }
    fmt::print("{}", line.has("json") ? json(verdicts, early) : text(verdicts, early));
    return well(verdicts) && well(early) ? kDone : kFailed;
}

} // namespace xtbpf::tool
