// SPDX-License-Identifier: GPL-2.0-or-later
// Which parts of a packet's view are known, and so which predicates can be told. An answer must never be a guess: what isn't
// known makes a predicate unknown (interpreter.hpp, Environment::judge).
#pragma once

#include "translator/ir.hpp"

#include <bitset>

namespace xtbpf::tool {

class Knowledge {
  public:
    // All of the view, but for what only the kernel can tell: lazy fields, token buckets, counts, its own matches.
    static Knowledge everything();
    static Knowledge nothing() { return {}; }

    void set(ir::Field field, bool known = true) { fields_.set(static_cast<std::size_t>(field), known); }
    void set(ir::AddressField field, bool known = true) { addresses_.set(static_cast<std::size_t>(field), known); }
    void set(ir::Direction direction, bool known = true) { devices_.set(static_cast<std::size_t>(direction), known); }
    void set_bytes(bool known) { bytes_ = known; } // those behind the network header
    void set_mss(bool known) { mss_ = known; }
    void set_connection(bool known); // all of the entry's fields, in both directions
    void copy_connection(const Knowledge& from);

    bool has(ir::Field field) const { return fields_.test(static_cast<std::size_t>(field)); }
    bool has(ir::AddressField field) const { return addresses_.test(static_cast<std::size_t>(field)); }
    bool has(ir::Direction direction) const { return devices_.test(static_cast<std::size_t>(direction)); }

    // An effect has written this, and what can't be told.
    void forget(ir::Touched written) { forgotten_ = static_cast<ir::Touched>(forgotten_ | written); }

    bool tells(const ir::Predicate& predicate, const xt_view& view) const;

  private:
    struct Asking;

    std::bitset<ir::kAllFields> fields_;
    std::bitset<6> addresses_;
    std::bitset<2> devices_;
    bool bytes_ = false, mss_ = false;
    ir::Touched forgotten_ = 0;
};

} // namespace xtbpf::tool
