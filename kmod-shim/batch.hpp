// SPDX-License-Identifier: GPL-2.0-or-later
// One nf_tables transaction under construction: messages in order, each with a few words on what it is for.
#pragma once

#include "kmod-shim/netlink.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xtbpf::anchor {

class Batch {
  public:
    // The kernel refuses the batch unless nf_tables is still at `generation`.
    explicit Batch(std::uint32_t generation);

    // Begins a message of nf_tables (NFT_MSG_*); attributes may be put on the returned header, at most kMaxMessage
    // bytes, until the next call. `tried` and `needs` as in refusal().
    nlmsghdr* add(std::uint16_t type, std::uint16_t flags, Family family, std::string tried, std::string needs = {});

    static constexpr std::size_t kMaxMessage = 32 * 1024;

    std::uint32_t next_id() { return ++ids_; } // for anonymous sets, by which rules of this batch refer to them

    enum class Ending { Commit, Abort };
    Result<void> send(Socket& socket, Ending ending);

    bool empty() const { return steps_.size() <= 1; }

  private:
    struct Step {
        std::string tried, needs;
    };

    nlmsghdr* begin_message(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::uint16_t resource);
    void end_message();
    Error explain(const Answer& answer) const;

    std::vector<std::uint8_t> bytes_;
    std::size_t used_ = 0; // bytes of finished messages
    nlmsghdr* open_ = nullptr;
    std::uint32_t ids_ = 0;
    std::vector<Step> steps_; // by sequence number: that of the batch's begin is 0
};

} // namespace xtbpf::anchor
