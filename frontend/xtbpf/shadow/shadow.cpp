// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/shadow/shadow.hpp"

#include "datapath/tap.hpp"
#include "frontend/xtbpf/json.hpp"
#include "frontend/xtbpf/shadow/programs.hpp"
#include "frontend/xtbpf/stop_signal.hpp"
#include "frontend/xtbpf/trace/traced.hpp"
#include "frontend/xtbpf/words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf::tool {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr xt_tap_filter everything() {
    xt_tap_filter filter{};
    filter.any_protocol = filter.any_sport = filter.any_dport = 1;
    return filter;
}

// The nat table gives no verdict of its own; what it translates isn't compared.
Result<TracedRules> traced(BothRules rules) {
    TracedRules out;
    for (const Family family : {Family::V4, Family::V6}) {
        Rules& all = rules[static_cast<std::size_t>(family)];
        std::erase_if(all, [](const RuleTable& table) { return table.stored.id == TableId::Nat; });
        auto programs = load_programs(all);
        if (!programs) return std::unexpected(programs.error());
        if (auto added = out.add(family, std::move(all), {}, *programs); !added) return std::unexpected(added.error());
    }
    return out;
}

// What the rules leave in the packet, as far as that can be told.
Traces traces_of(const Packet& packet) {
    Traces out;
    const auto told = [&](ir::Field field) {
        return packet.known.tells(ir::FieldTest{.field = field, .ranges = {}, .gate = {}}, packet.view);
    };
    if (told(ir::Field::Mark)) out.mark = packet.view.mark;
    if (told(ir::Field::Tos)) out.tos = packet.view.tos;
    if (told(ir::Field::Ttl)) out.ttl = packet.view.ttl;
    return out;
}

Traces traces_of(const xt_tap_passed& passed) {
    Traces out{.mark = passed.mark};
    if (passed.whole != 0) {
        out.tos = passed.tos;
        out.ttl = passed.ttl;
    }
    return out;
}

// The kernel's side of a program that does otherwise than its rules: it has none.
void note_program(const TablePoint& at, const Explanation& told, Findings& findings) {
    const std::string& said = told.walks.front().live;
    if (said.empty()) return;
    const auto known = std::ranges::find_if(findings.disagreements, [&](const Disagreement& each) {
        return each.at == at && each.theirs == said && each.by == told.by;
    });
    if (known != findings.disagreements.end()) {
        ++known->times;
        return;
    }
    findings.disagreements.push_back({at, told.by, "by the rules", said, told.packet.words, 1});
}

} // namespace

Result<Findings> shadow(BothRules rules, std::chrono::seconds time) {
    const auto all = traced(std::move(rules));
    if (!all) return std::unexpected(all.error());
    if (all->tables().empty()) return Findings{};
    auto tap = PacketTap::attach(all->tables(), everything(), PacketTap::Where::Around);
    if (!tap) return std::unexpected(tap.error());
    stop_on_signals();
    ShadowBook book;
    Findings programs;
    bool enough = false;
    const PacketTap::OnPacket came = [&](Family family, const xt_tap_event& event) {
        const TablePoint at{family, static_cast<TableId>(event.table), static_cast<Hook>(event.hook)};
        const auto told = enough ? std::nullopt : all->explain(family, event);
        if (!told || told->walks.empty()) return book.came_unasked(at, event.packet, tap->lost());
        note_program(at, *told, programs);
        book.came(at, event.packet, {told->fate, told->by, told->packet.words, traces_of(told->after)}, Clock::now(),
                  tap->lost());
    };
    const PacketTap::OnPassed passed = [&](Family family, const xt_tap_passed& event) {
        book.passed({family, static_cast<TableId>(event.table), static_cast<Hook>(event.hook)}, event.packet,
                    traces_of(event));
    };
    const auto end = Clock::now() + time;
    while (!stop_wanted() && Clock::now() < end) {
        if (auto done = tap->wait(milliseconds(50), came, passed); !done) return std::unexpected(done.error());
        book.settle(Clock::now(), tap->lost());
    }
    enough = true; // of what came last, whatever has passed is in the ring by now
    if (auto done = tap->wait(milliseconds(50), came, passed); !done) return std::unexpected(done.error());
    Findings found = book.take(Clock::now(), tap->lost());
    std::ranges::move(programs.disagreements, std::back_inserter(found.disagreements));
    return found;
}

bool agrees(const Findings& findings) { return findings.disagreements.empty(); }

std::string text(const Findings& findings) {
    std::string out;
    const auto to = std::back_inserter(out);
    for (const Disagreement& each : findings.disagreements)
        fmt::format_to(to, "{} -t {} {}: {} {} at {}, in the kernel: {} ({}); the first: {}\n",
                       command_word(each.at.family), name(each.at.table), name(each.at.hook), "ours:", each.ours,
                       each.by, each.theirs, counted(each.times, "time"), each.packet);
    fmt::format_to(to, "{} judged at tables: {}", counted(findings.judged, "packet"),
                   agrees(findings) ? "both agree\n" : "THEY DISAGREE\n");
    if (findings.untold > 0)
        fmt::format_to(to, "{} not judged: the rules ask what only the kernel can tell\n",
                       counted(findings.untold, "packet"));
    if (findings.unsettled > 0)
        fmt::format_to(to, "{} came too fast to be judged\n", counted(findings.unsettled, "packet"));
    return out;
}

std::string json(const Findings& findings) {
    Json list = Json::array();
    for (const Disagreement& each : findings.disagreements)
        list.push_back({{"family", name(each.at.family)},
                        {"table", name(each.at.table)},
                        {"chain", name(each.at.hook)},
                        {"by", each.by},
                        {"ours", each.ours},
                        {"kernel", each.theirs},
                        {"times", each.times},
                        {"packet", each.packet}});
    return line({{"agree", agrees(findings)},
                 {"judged", findings.judged},
                 {"not_judged", findings.untold},
                 {"too_fast", findings.unsettled},
                 {"disagreements", std::move(list)}});
}

} // namespace xtbpf::tool
