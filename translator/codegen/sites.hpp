// SPDX-License-Identifier: GPL-2.0-or-later
// The places of a function where a traversal that has left it can go on: after the kernel has answered or performed an effect,
// in a call of a function that stopped, and, where chains nest deep, behind a jump to another chain. Private to codegen.
#pragma once

#include "translator/codegen/dispatch.hpp"

#include <cstdint>
#include <vector>

namespace xtbpf::codegen {

class Sites {
  public:
    // `last` is the number of the chain's last site so far; its parts are functions, which share the count.
    explicit Sites(std::uint32_t& last) : last_(last) {}

    std::uint32_t add(Label at) { // its number, from 1
        sites_.push_back({++last_, at});
        return last_;
    }

    // Jumps to the site whose number is in Reg::Value; to `none` if it isn't here.
    void dispatch(Assembler& out, Label none) const { dispatch_equal(out, sites_, 0xffff, none); }

  private:
    std::uint32_t& last_;
    std::vector<Case> sites_; // numbers ascend
};

} // namespace xtbpf::codegen
