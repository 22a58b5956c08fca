// SPDX-License-Identifier: GPL-2.0-or-later
// Packets as the programs of iptables' tables are about to see them, while they come by.
#pragma once

#include "datapath/bpf/tap_event.h"
#include "datapath/fd.hpp"
#include "kmod-shim/tap.hpp"
#include "translator/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

struct ring_buffer;

namespace xtbpf {

class PacketTap {
  public:
    using OnPacket = std::function<void(Family, const xt_tap_event&)>;
    using OnPassed = std::function<void(Family, const xt_tap_passed&)>;

    // A table; Around: told as well of each packet that has passed it. OfMarked: behind raw, whose TRACE marks packets for the
    // other tables, and before these.
    enum class Where : std::uint8_t { Before, Around, OfMarked };

    // `filter` as in tap_event.h; its table is filled in, and `marked` by `where`.
    static Result<PacketTap> attach(const std::vector<std::pair<Family, TableId>>& tables, const xt_tap_filter& filter,
                                    Where where = Where::Before);

    // Waits and hands over what has come, in order. Errors: Refused.
    Result<void> wait(std::chrono::milliseconds patience, const OnPacket& each, const OnPassed& passed = {});

    std::uint64_t lost() const; // packets that came too fast

  private:
    struct Free {
        void operator()(ring_buffer* ring) const;
    };
    struct Source {
        Family family;
        const OnPacket* each = nullptr;
        const OnPassed* passed = nullptr;
        Fd events, lost;
    };
    static int on_event(void* source, void* data, std::size_t size);

    std::vector<std::unique_ptr<Source>> sources_; // by family
    std::unique_ptr<ring_buffer, Free> ring_;
    std::optional<anchor::Tap> tap_;
};

} // namespace xtbpf
