// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/trace/tracing.hpp"

#include "datapath/early_stage.hpp"
#include "frontend/xtbpf/watch/listening.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <thread>
#include <utility>

namespace xtbpf::tool {

Result<Tracing> Tracing::begin(TapFilter filter, std::vector<std::string> assume, PacketTap::Where where) {
    Tracing out(filter, std::move(assume), where);
    auto changes = rule_events(); // before the rules are read: none is overlooked
    if (!changes) return std::unexpected(changes.error());
    out.changes_ = std::move(*changes);
    if (auto read = out.read_rules(); !read) return std::unexpected(read.error());
    if (out.rules_.tables().empty()) return fail(ErrorKind::Refused, "there are no rules");
    if (auto attached = out.attach(); !attached) return std::unexpected(attached.error());
    return out;
}

Result<void> Tracing::read_rules() {
    auto generation = early::rules_in_force();
    if (!generation) return std::unexpected(generation.error());
    auto rules = TracedRules::read(filter_.family, assume_);
    if (!rules) return std::unexpected(rules.error());
    generation_ = std::move(*generation);
    rules_ = std::move(*rules);
    return {};
}

// One tap at a time: both would have the same name.
Result<void> Tracing::attach() {
    if (tap_) lost_ += tap_->lost();
    tap_.reset();
    tapped_ = rules_.tables();
    if (tapped_.empty()) return {};
    auto tap = PacketTap::attach(tapped_, filter_.filter, where_);
    if (!tap) return std::unexpected(tap.error());
    tap_.emplace(std::move(*tap));
    return {};
}

Result<void> Tracing::wait(std::chrono::milliseconds patience, const Show& show) {
    const PacketTap::OnPacket each = [&](Family family, const xt_tap_event& event) {
        if (const auto told = rules_.explain(family, event)) show(*told);
    };
    if (tap_) {
        if (auto done = tap_->wait(patience, each); !done) return done;
    } else {
        std::this_thread::sleep_for(patience);
    }
    if (next(changes_).empty()) return {};
    drain(changes_);
    const auto generation = early::rules_in_force();
    if (!generation) return std::unexpected(generation.error());
    if (*generation == generation_) return {}; // others' tables, or the tap itself
    if (auto read = read_rules(); !read) return read;
    fmt::print(stderr, "xtbpf: the rules have changed\n");
    return rules_.tables() == tapped_ ? Result<void>{} : attach();
}

} // namespace xtbpf::tool
