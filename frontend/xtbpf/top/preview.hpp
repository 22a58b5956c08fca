// SPDX-License-Identifier: GPL-2.0-or-later
// What a rule that isn't in force would do to the packets that come by.
#pragma once

#include "datapath/tap.hpp"
#include "frontend/xtbpf/top/candidate.hpp"
#include "frontend/xtbpf/trace/traced.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace xtbpf::tool {

struct PreviewCounts {
    std::uint64_t packets = 0; // at the table's hooks
    Counters reached, matched;
    std::uint64_t changed = 0; // with another verdict than by the table as it is
    std::uint64_t untold = 0;  // it depends on what only the kernel can tell
    std::uint64_t lost = 0;    // came too fast
};

// One packet, walked through the table as it is and as it would be.
void count(const Candidate& candidate, const Explanation& now, const Explanation& then, std::uint64_t bytes,
           PreviewCounts& counts);

class Preview {
  public:
    static Result<Preview> begin(Candidate candidate);

    Result<void> watch(std::chrono::milliseconds patience);

    const Candidate& candidate() const { return candidate_; }
    const PreviewCounts& counts() const { return counts_; }
    double seconds() const;

  private:
    Preview(Candidate candidate, PacketTap tap);

    Candidate candidate_;
    PacketTap tap_;
    TracedRules now_, then_;
    PreviewCounts counts_;
    std::chrono::steady_clock::time_point begun_;
};

std::string text(const PreviewCounts& counts, double seconds); // lines
std::string json(const PreviewCounts& counts, double seconds);

} // namespace xtbpf::tool
