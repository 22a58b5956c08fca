// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/explanation.hpp"
#include "frontend/xtbpf/json.hpp"

namespace xtbpf::tool {

namespace {

std::string_view word(Outcome outcome) {
    switch (outcome) {
    case Outcome::True: return "match";
    case Outcome::False: return "no match";
    case Outcome::Hotdrop: return "malformed";
    case Outcome::Unknown: return "unknown";
    }
    return "";
}

Json json(const RuleNote& note) {
    Json out{{"chain", note.chain}, {"rule", note.number}, {"text", note.text}, {"outcome", word(note.outcome)}};
    if (note.number == 0) out["rule"] = "policy";
    if (!note.why.empty()) out["because"] = note.why;
    if (!note.subject.empty()) out["asks"] = note.subject;
    if (note.assumed) out["assumed"] = true;
    return out;
}

Json json(const TableWalk& walk, bool verbose) {
    Json rules = Json::array();
    for (const RuleNote& note : walk.notes)
        if (verbose || note.outcome != Outcome::False) rules.push_back(json(note));
    Json out{{"hook", name(walk.hook)}, {"table", name(walk.table)}, {"verdict", name(walk.fate)}};
    if (!walk.skipped.empty()) out["not_asked"] = walk.skipped;
    if (!walk.live.empty()) out["loaded_program"] = walk.live;
    out["rules"] = std::move(rules);
    return out;
}

} // namespace

std::string json(const std::vector<Explanation>& explanations, bool verbose) {
    Json packets = Json::array();
    for (const Explanation& each : explanations) {
        Json tables = Json::array();
        for (const TableWalk& walk : each.walks)
            tables.push_back(json(walk, verbose));
        packets.push_back({{"packet", each.packet.words},
                           {"verdict", name(each.fate)},
                           {"by", each.by},
                           {"tables", std::move(tables)}});
    }
    return line({{"packets", std::move(packets)}});
}

} // namespace xtbpf::tool
