// SPDX-License-Identifier: GPL-2.0-or-later
// Between commits: the early stage follows devices as they come. What it doesn't cover yet is filtered by the exact stage.
#pragma once

#include "datapath/early_attach.hpp"
#include "translator/error.hpp"

#include <set>
#include <string>
#include <vector>

namespace xtbpf::early {

struct Followed {
    std::set<int> devices;         // all that are there now, by index
    std::vector<Coverage> covered; // those that were covered just now
    bool lacking = false;          // one could be, but no program acts that could be attached there
    bool spare_used = false;
    bool were_any = false; // some device that was there before could be covered
};

// How much is looked at: the new devices only, which takes as long as those need; or all of them, also for programs that a commit
// in the meantime has left switched off.
enum class Look : std::uint8_t { New, All };

// Attaches the programs that act on devices of `known` (those that were there before) to all others that can be covered. Programs
// on other devices aren't trusted: a device that was moved here may bring one made for another namespace. Where none acts, `spare`
// is attached.
Result<Followed> follow(const std::set<int>& known, Choice choice, Look look, const Programs& spare = {});

} // namespace xtbpf::early
