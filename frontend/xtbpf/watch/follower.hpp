// SPDX-License-Identifier: GPL-2.0-or-later
// Makes the early stage follow the devices of this network namespace.
#pragma once

#include "datapath/early_follow.hpp"
#include "datapath/early_stage.hpp"
#include "frontend/xtbpf/watch/event_loop.hpp"

#include <set>

namespace xtbpf::tool {

class Follower {
  public:
    Follower(EventLoop& loop, early::Choice choice) : loop_(loop), choice_(choice) {}

    void begin();
    void devices_changed();
    void rules_changed();

  private:
    void look_later();
    void follow(early::Look look);
    void prepare();
    void use_spare();
    bool spare_fits() const; // it is made of the rules in force

    EventLoop& loop_;
    early::Choice choice_;
    std::set<int> known_; // devices that were there when last looked
    // Where no device can be covered, no commit attaches anything: programs are kept ready, so that the first device needn't wait
    // for them.
    early::Spare spare_;
};

} // namespace xtbpf::tool
