// SPDX-License-Identifier: GPL-2.0-or-later
// Who takes parts of the anchor away: nf_tables' notifications, as far as they are about that.
#pragma once

#include "kmod-shim/netlink.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xtbpf::anchor {

// A store that a transaction has removed.
struct Removal {
    Family family;
    std::optional<TableId> table; // nullopt: all of the family, with the anchor itself
    std::string by;               // the process's name (comm); empty: the kernel didn't tell
};

class RemovalReader {
  public:
    // One datagram of notifications; a transaction may need several, the last says whose it was.
    void read(std::span<const std::uint8_t> datagram, std::vector<Removal>& out);

    std::uint32_t generation() const {
        return generation_;
    } // of nf_tables, that the last transaction has made; 0: none was read

  private:
    void read(const nlmsghdr& message, std::vector<Removal>& out);
    std::uint32_t generation_ = 0;
    std::vector<Removal> open_; // of the transaction that isn't complete yet
};

} // namespace xtbpf::anchor
