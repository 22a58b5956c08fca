// SPDX-License-Identifier: GPL-2.0-or-later
// Live packets, explained: a tap hands over each packet as a table's program is about to see it; the interpreter walks the rules
// that are in force then.
#pragma once

#include "datapath/fd.hpp"
#include "datapath/tap.hpp"
#include "frontend/xtbpf/trace/traced.hpp"
#include "translator/error.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace xtbpf::tool {

class Tracing {
  public:
    using Show = std::function<void(const Explanation&)>;

    // Errors: Refused if there are no rules.
    static Result<Tracing> begin(TapFilter filter, std::vector<std::string> assume, PacketTap::Where where);

    // Explains what has come, then takes notice of a change of the rules. An error in rules that can't be read any more, or of an
    // assumption that doesn't fit new ones, is the end.
    Result<void> wait(std::chrono::milliseconds patience, const Show& show);

    std::uint64_t lost() const { return lost_ + (tap_ ? tap_->lost() : 0); } // packets that came too fast

  private:
    Tracing(TapFilter filter, std::vector<std::string> assume, PacketTap::Where where)
        : filter_(filter), assume_(std::move(assume)), where_(where) {}
    Result<void> read_rules();
    Result<void> attach();

    TapFilter filter_;
    std::vector<std::string> assume_;
    PacketTap::Where where_;
    Fd changes_;
    std::string generation_; // of the rules
    TracedRules rules_;
    std::optional<PacketTap> tap_; // none: there are no rules
    std::vector<std::pair<Family, TableId>> tapped_;
    std::uint64_t lost_ = 0; // by taps before
};

} // namespace xtbpf::tool
