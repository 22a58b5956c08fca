// SPDX-License-Identifier: GPL-2.0-or-later
// A long table in force, edited in place: in the room of its image (translator/classify/room.hpp), which its programs and all
// readers of its store heed. So a command reads and writes no more of it than it has to.
#pragma once

#include "datapath/fd.hpp"
#include "datapath/mapping.hpp"
#include "datapath/store.hpp"
#include "frontend/backend.hpp"
#include "translator/classify/room.hpp"
#include "translator/error.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace xtbpf {

// nullptr: the table can't be edited so.
Result<std::unique_ptr<LiveTable>> open_live_table(Family family, TableId table);

// The stored table with the edits in the room of its image, if it has one (no map: nothing to do). Returns the edition; an account
// that came by an edit has its base as counters.
Result<std::uint32_t> apply_edits(StoredTable& table, const Fd& image);

// While this lives, the table in force can't be edited; for who replaces it.
class ClosedTable {
  public:
    // Overtaken: it has been edited since it was read.
    static Result<ClosedTable> close(const CurrentStore& current);
    void replaced() { room_.reset(); } // it stays closed

    ClosedTable(ClosedTable&& other) noexcept
        : image_(std::move(other.image_)), room_(std::exchange(other.room_, std::nullopt)) {}
    ClosedTable& operator=(ClosedTable&&) = delete;
    ~ClosedTable() {
        if (room_) room_->reopen();
    }

  private:
    ClosedTable() = default;
    std::optional<Mapping> image_;
    std::optional<classify::Room> room_; // of image_
};

} // namespace xtbpf
