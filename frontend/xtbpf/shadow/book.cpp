// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/shadow/book.hpp"

#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace xtbpf::tool {

namespace {

std::string_view word(Fate fate) { return fate == Fate::Accept ? "ACCEPT" : fate == Fate::Reject ? "REJECT" : "DROP"; }

} // namespace

void ShadowBook::came(const TablePoint& at, std::uint64_t packet, Opinion ours, Time now, std::uint64_t lost) {
    came_unasked(at, packet, lost);
    if (ours.fate == Fate::Taken || ours.fate == Fate::Unknown || ours.fate == Fate::Undecided)
        ++found_.untold;
    else
        waiting_.emplace(std::pair{at, packet}, Waiting{std::move(ours), now, lost});
}

void ShadowBook::came_unasked(const TablePoint& at, std::uint64_t packet, std::uint64_t lost) {
    const auto before = waiting_.find({at, packet});
    if (before == waiting_.end()) return;
    drop(at, before->second, lost);
    waiting_.erase(before);
}

void ShadowBook::passed(const TablePoint& at, std::uint64_t packet, const Traces& traces) {
    const auto waiting = waiting_.find({at, packet});
    if (waiting == waiting_.end()) return;
    conclude(at, waiting->second, true);
    if (waiting->second.ours.fate == Fate::Accept) compare(at, waiting->second, traces);
    waiting_.erase(waiting);
}

void ShadowBook::settle(Time now, std::uint64_t lost) {
    std::erase_if(waiting_, [&](const auto& entry) {
        if (now - entry.second.since < kPatience) return false;
        drop(entry.first.first, entry.second, lost);
        return true;
    });
}

Findings ShadowBook::take(Time now, std::uint64_t lost) {
    settle(now + kPatience, lost);
    return std::move(found_);
}

// That it passed may be among what was lost.
void ShadowBook::drop(const TablePoint& at, const Waiting& waiting, std::uint64_t lost) {
    if (lost != waiting.lost)
        ++found_.unsettled;
    else
        conclude(at, waiting, false);
}

void ShadowBook::conclude(const TablePoint& at, const Waiting& waiting, bool passes) {
    ++found_.judged;
    if ((waiting.ours.fate == Fate::Accept) == passes) return;
    const std::string ours(word(waiting.ours.fate)), theirs = passes ? "passed" : "dropped";
    disagree(at, waiting, ours + theirs, ours, theirs);
}

void ShadowBook::compare(const TablePoint& at, const Waiting& waiting, const Traces& theirs) {
    const Traces& ours = waiting.ours.traces;
    const auto each = [&](const char* what, std::string_view words, const auto& mine, const auto& other) {
        if (mine && other && *mine != *other)
            disagree(at, waiting, what, fmt::format(fmt::runtime(words), *mine),
                     fmt::format(fmt::runtime(words), *other));
    };
    each("mark", "mark {:#x}", ours.mark, theirs.mark);
    each("TOS", "TOS {:#x}", ours.tos, theirs.tos);
    each("TTL", "TTL {}", ours.ttl, theirs.ttl);
}

void ShadowBook::disagree(const TablePoint& at, const Waiting& waiting, const std::string& on, std::string ours,
                          std::string theirs) {
    const auto [known, is_new] = known_.try_emplace({at, waiting.ours.by, on}, found_.disagreements.size());
    if (is_new)
        found_.disagreements.push_back(
            {at, waiting.ours.by, std::move(ours), std::move(theirs), waiting.ours.packet, 0});
    ++found_.disagreements[known->second].times;
}

} // namespace xtbpf::tool
