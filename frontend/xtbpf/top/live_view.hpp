// SPDX-License-Identifier: GPL-2.0-or-later
// `xtbpf top` on a terminal.
#pragma once

#include "frontend/backend.hpp"
#include "frontend/xtbpf/top/sampler.hpp"

#include <chrono>
#include <memory>

namespace xtbpf::tool {

class Meter {
  public:
    Result<void> read();
    std::vector<Rate> sorted(Rates::Order order) const { return rates_.sorted(order); }

  private:
    Sampler sampler_;
    Rates rates_;
    std::chrono::steady_clock::time_point last_;
    bool first_ = true;
};

// p, b, t or r; `now` for any other key.
Rates::Order order_of(char key, Rates::Order now);

std::unique_ptr<Backend> kernel_backend();

Result<void> live_view(Meter& meter, std::chrono::milliseconds interval, Rates::Order order);

} // namespace xtbpf::tool
