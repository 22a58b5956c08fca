// SPDX-License-Identifier: GPL-2.0-or-later
// Lines name rules as the kernel's TRACE does: table:chain:rule:number.
#include "frontend/xtbpf/explain/explanation.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

struct Line {
    char mark;
    std::string place, text;
};

char mark(Outcome outcome) {
    switch (outcome) {
    case Outcome::True: return '+';
    case Outcome::False: return '-';
    case Outcome::Hotdrop: return '!';
    case Outcome::Unknown: return '?';
    }
    return ' ';
}

Line line(const TableWalk& walk, const RuleNote& note) {
    Line out{mark(note.outcome), "", std::string(2 * note.depth, ' ')};
    out.place = note.number == 0 ? fmt::format("{}:{}:policy", name(walk.table), note.chain)
                                 : fmt::format("{}:{}:rule:{}", name(walk.table), note.chain, note.number);
    out.text += note.text.empty() ? "(any packet, no target)" : note.text;
    if (note.outcome == Outcome::Hotdrop) out.text += "   malformed, dropped here";
    if (!note.why.empty()) out.text += fmt::format("   ({})", note.why);
    if (note.assumed && note.outcome == Outcome::True) out.text += "   (assumed)";
    return out;
}

// A chain without rules that accepts says nothing.
bool silent(const TableWalk& walk) {
    return walk.skipped.empty() && walk.notes.size() == 1 && walk.notes[0].number == 0 && walk.fate == Fate::Accept;
}

std::string verdict(const Explanation& explanation) {
    std::string out(name(explanation.fate));
    if (!explanation.by.empty()) out += (explanation.fate == Fate::Unknown ? " at " : " by ") + explanation.by;
    if (explanation.walks.empty() &&
        explanation.fate == Fate::Accept) // also who asks of the other family than is meant
        out += fmt::format(": {} has no rules on its way", explanation.packet.family == Family::V4 ? "IPv4" : "IPv6");
    if (explanation.fate == Fate::Taken) out += ": the kernel, or the program that it is handed to, decides from there";
    if (explanation.fate != Fate::Unknown) return out;
    const std::string& subject = explanation.walks.back().notes.back().subject;
    if (!subject.empty())
        out += fmt::format(
            ": it asks for {0}, which the packet's words don't tell; say it, or --assume {0}=yes (or no)", subject);
    return out;
}

} // namespace

std::string text(const Explanation& explanation, bool verbose) {
    std::vector<Line> lines;
    for (const TableWalk& walk : explanation.walks) {
        if (!walk.skipped.empty() && verbose)
            lines.push_back(
                {' ', fmt::format("{}:{}", name(walk.table), name(walk.hook)), "not asked: " + walk.skipped});
        if (verbose || !silent(walk))
            for (const RuleNote& note : walk.notes)
                if (verbose || note.outcome != Outcome::False) lines.push_back(line(walk, note));
        if (!walk.live.empty())
            lines.push_back(
                {'=', fmt::format("{}:{}", name(walk.table), name(walk.hook)), "loaded program: " + walk.live});
    }
    std::size_t width = 0;
    for (const Line& each : lines)
        width = std::max(width, each.place.size());
    std::string out = fmt::format("packet: {}\n", explanation.packet.words);
    for (const Line& each : lines)
        out += fmt::format("{} {:<{}}  {}\n", each.mark, each.place, width, each.text);
    return out + verdict(explanation) + '\n';
}

} // namespace xtbpf::tool
