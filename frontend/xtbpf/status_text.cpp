// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/report.hpp"
#include "frontend/xtbpf/words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <set>

namespace xtbpf::tool {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

// "3 conntrack, 1 REJECT"
std::string list(const Tally& tally) {
    std::string out;
    for (const auto& [word, count] : tally)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, word);
    return out;
}

std::uint32_t sum(const Tally& tally) {
    std::uint32_t all = 0;
    for (const auto& [word, count] : tally)
        all += count;
    return all;
}

class Text {
  public:
    void table(const TableStatus& table, const std::vector<Placement>& placements) {
        std::size_t rules = 0;
        for (const StoredChain& chain : table.rules.chains)
            rules += chain.rules.size();
        put("{} -t {}: {} in {}, {}{}\n", command_word(table.family), name(table.table), counted(rules, "rule"),
            counted(table.rules.chains.size(), "chain"), size_words(table.memory),
            table.conntrack ? ", uses connection tracking" : "");
        if (!table.trouble.empty()) put("    TROUBLE: {}\n", table.trouble);
        if (!table.whole)
            put("    NOT WHOLE: a hook has lost its rule (did somebody flush nf_tables?); any command on the table "
                "puts "
                "it back\n");
        std::set<std::uint32_t> shown;
        for (const Placement& placement : placements)
            chain(table, placement, shown);
        for (const ProgramStatus& program : table.programs)
            if (!shown.contains(program.id)) line(program);
    }

    void device(const DeviceStatus& device) {
        put("{}: ", device.device);
        if (device.place == "none")
            put("every packet filtered at the hooks{}\n",
                device.reason.empty() ? "" : fmt::format(", nothing earlier ({})", device.reason));
        else
            put("early stage at {}, program {}, {}{}; the rest at the hooks\n", device.place, device.program,
                size_words(device.memory), device.active ? "" : ", switched off");
    }

    template <typename... Arguments> void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
    }

    std::string out;

  private:
    void chain(const TableStatus& table, const Placement& placement, std::set<std::uint32_t>& shown) {
        put("  {}: {}, netfilter hook{}\n", name(placement.hook), counted(placement.rules, "rule"),
            placement.early ? ", and some packets dropped early" : fmt::format(" ({})", placement.late));
        if (placement.early && !placement.left.empty())
            put("    left to the hook: {}: {}\n", counted(sum(placement.left), "rule"), list(placement.left));
        if (!placement.matches.empty()) put("    asked of the kernel: {}\n", list(placement.matches));
        if (!placement.effects.empty()) put("    done by the kernel: {}\n", list(placement.effects));
        if ((table.programless & hook_bit(placement.hook)) != 0)
            put("    no program: nf_tables counts what comes by\n");
        const std::string stem = "xt_" + lower(name(placement.hook));
        for (const ProgramStatus& program : table.programs)
            if (program.name == stem || program.name == stem + "_2") {
                line(program);
                shown.insert(program.id);
            }
    }

    void line(const ProgramStatus& program) {
        put("    {} program {} {}: {} instructions, {}\n", name(program.place), program.id, program.name,
            program.instructions, size_words(program.memory));
    }
};

} // namespace

std::string text(const Report& report) {
    if (report.status.tables.empty()) return "No rules: no table has been touched in this network namespace.\n";
    Text text;
    for (std::size_t at = 0; at < report.status.tables.size(); ++at)
        text.table(report.status.tables[at], report.placements[at]);
    for (const DeviceStatus& device : report.status.devices)
        text.device(device);
    return std::move(text.out);
}

} // namespace xtbpf::tool
