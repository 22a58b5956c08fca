// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/preview.hpp"

#include "frontend/xtbpf/json.hpp"
#include "frontend/xtbpf/top/screen.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace xtbpf::tool {

namespace {

// What became of the candidate in a walk: it matched once, or may have, or didn't; nothing: it wasn't come to.
std::optional<Outcome> outcome(const Candidate& candidate, const Explanation& told) {
    std::optional<Outcome> out;
    for (const RuleNote& note : told.walks.front().notes) {
        if (note.chain != candidate.chain || note.number < candidate.first ||
            note.number >= candidate.first + candidate.count)
            continue;
        if (note.outcome == Outcome::True) return Outcome::True;
        if (!out || note.outcome == Outcome::Unknown) out = note.outcome;
    }
    return out;
}

double per_second(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

} // namespace

void count(const Candidate& candidate, const Explanation& now, const Explanation& then, std::uint64_t bytes,
           PreviewCounts& counts) {
    const auto add = [bytes](Counters& to) {
        ++to.packets;
        to.bytes += bytes;
    };
    ++counts.packets;
    const auto found = outcome(candidate, then);
    if (found) add(counts.reached);
    if (found == Outcome::True) add(counts.matched);
    const bool unknown = now.fate == Fate::Unknown || then.fate == Fate::Unknown;
    // Where the walk can't be told any further it may come to the candidate yet, or once more.
    const bool open = !found || found == Outcome::True || candidate.again;
    if (found == Outcome::Unknown || (unknown && open))
        ++counts.untold;
    else if (!unknown && now.fate != then.fate)
        ++counts.changed;
}

Preview::Preview(Candidate candidate, PacketTap tap)
    : candidate_(std::move(candidate)), tap_(std::move(tap)), begun_(std::chrono::steady_clock::now()) {}

Result<Preview> Preview::begin(Candidate candidate) {
    xt_tap_filter filter{};
    filter.any_protocol = filter.any_sport = filter.any_dport = 1;
    auto tap = PacketTap::attach({{candidate.family, candidate.now.stored.id}}, filter);
    if (!tap) return std::unexpected(tap.error());
    Preview out(std::move(candidate), std::move(*tap));
    const Family family = out.candidate_.family;
    for (const auto& [rules, table] :
         {std::pair{&out.now_, &out.candidate_.now}, std::pair{&out.then_, &out.candidate_.then}}) {
        Rules one;
        one.push_back(std::move(*table));
        if (auto added = rules->add(family, std::move(one), {}); !added) return std::unexpected(added.error());
    }
    return out;
}

Result<void> Preview::watch(std::chrono::milliseconds patience) {
    const auto each = [this](Family family, const xt_tap_event& event) {
        const auto now = now_.explain(family, event), then = then_.explain(family, event);
        if (!now || !then || now->walks.empty() || then->walks.empty()) return;
        count(candidate_, *now, *then, event.view.len, counts_);
    };
    auto done = tap_.wait(patience, each);
    counts_.lost = tap_.lost();
    return done;
}

double Preview::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
}

std::string text(const PreviewCounts& counts, double seconds) {
    const auto line = [seconds](std::string_view what, const Counters& all) {
        return fmt::format("{} {:>9} packets/s {:>7} bytes/s {:>9} packets\n", what,
                           figure(per_second(all.packets, seconds)), figure(per_second(all.bytes, seconds)),
                           all.packets);
    };
    std::string out = line("would reach it:", counts.reached) + line("would match it:", counts.matched);
    out += fmt::format("would fare otherwise: {} of {} packets at the table", counts.changed, counts.packets);
    if (counts.untold > 0) out += fmt::format("; can't tell: {}", counts.untold);
    if (counts.lost > 0) out += fmt::format("; came too fast: {}", counts.lost);
    return out + '\n';
}

std::string json(const PreviewCounts& counts, double seconds) {
    const auto both = [seconds](const Counters& all) {
        return Json{{"packets", all.packets},
                    {"bytes", all.bytes},
                    {"packets_per_second", per_second(all.packets, seconds)},
                    {"bytes_per_second", per_second(all.bytes, seconds)}};
    };
    return line({{"seconds", seconds},
                 {"packets", counts.packets},
                 {"reached", both(counts.reached)},
                 {"matched", both(counts.matched)},
                 {"changed", counts.changed},
                 {"not_judged", counts.untold},
                 {"too_fast", counts.lost}});
}

} // namespace xtbpf::tool
