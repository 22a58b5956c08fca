// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a restore, one by one; tables commit at their COMMIT.
#pragma once

#include "frontend/backend.hpp"
#include "frontend/diagnosis.hpp"
#include "frontend/lock.hpp"
#include "frontend/rule_lines.hpp"
#include "frontend/work_table.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace xtbpf {

class Restore {
  public:
    Restore(RestoreOptions options, Program program, Backend& backend, const Streams& streams)
        : options_(std::move(options)), program_(std::move(program)), backend_(backend), streams_(streams) {
        program_.line = 0;
    }

    // With their newlines, if they have them. What the first of them do doesn't wait for the last, but all are there.
    Diagnosed<void> lines(std::span<const std::string_view> lines);
    Diagnosed<void> finish();
    void give_up(); // after an error: a table that was opened exists all the same

  private:
    Diagnosed<void> begin_table(std::string_view rest);
    Diagnosed<void> chain_line(std::string_view rest);
    Diagnosed<void> policy(std::string_view chain, std::string_view policy, std::string_view counters);
    Diagnosed<void> line(std::string_view text);
    Diagnosed<void> rules(std::span<const std::string_view> lines);
    Diagnosed<void> rule(RuleLine& line);
    Diagnosed<void> commit();
    Diagnosed<void> failed(std::string_view reason = {}) const;

    RestoreOptions options_;
    Program program_;
    Backend& backend_;
    const Streams& streams_;
    std::optional<XtablesLock> lock_;
    std::optional<WorkTable> table_;     // between "*table" and COMMIT
    std::optional<StoredTable> as_read_; // the table before, for -vv
    std::optional<TableId> untouched_;   // the kernel doesn't have it yet: opening it makes it exist
    std::string table_name_;
    std::vector<RuleLine> parsed_; // their memory is used again and again
};

} // namespace xtbpf
