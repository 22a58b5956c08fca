// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "frontend/extensions/guided.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace xtbpf {

// The two options of the match `dscp` and the target `DSCP`: a number of 0 to 63, or a DiffServ class by name, in any case:
// CS0 to CS7, BE, AF11 to AF43, EF (RFC 2474, 2597, 3246; dscp_helper.c).
class DscpValue {
  public:
    Result<void> number(guided::Names names, std::string_view text);
    Result<void> name(std::string_view text);
    void set(std::uint8_t value) { number_ = value; }

    bool given_twice() const { return number_ && class_; }
    bool given() const { return number_ || class_; }
    std::uint8_t get() const { return class_ ? *class_ : number_.value_or(0); }

  private:
    std::optional<std::uint8_t> number_, class_;
};

} // namespace xtbpf
