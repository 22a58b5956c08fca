// SPDX-License-Identifier: GPL-2.0-or-later
// The records of rules: from conditions to bytes.
#pragma once

#include "translator/classify/conditions.hpp"
#include "translator/classify/image_writer.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace xtbpf::classify {

// What a matching rule does.
struct Deed {
    xt_action action = XT_DO_CONTINUE;
    std::uint32_t target = 0;       // jump, goto: number of the chain in the image; effect: its number there
    xt_verdict after = XT_CONTINUE; // of an effect
};

union Record { // of one family
    xt_image_rule4 v4;
    xt_image_rule6 v6;
};

class RecordMaker {
  public:
    RecordMaker(ImageWriter& out, Family family) : out_(out), family_(family) {}

    // Position `order` in chain number `chain`. Writes the record's `more`, if it needs one, into the image.
    // `guard`: number of the generated code that has the last word.
    Record make(const Conditions& conditions, const Deed& deed, std::optional<std::uint32_t> guard, std::uint32_t chain,
                std::uint32_t order, ir::Slot slot);

    // The rule of the xt_image_edit at offset `edit`, before position `before` of the chain: a list of its own.
    Record make_edit(const Conditions& conditions, const Deed& deed, std::uint32_t edit, std::uint32_t chain,
                     std::uint32_t before, ir::Slot slot);

    // The records as one list.
    template <typename Range, typename Projection> std::uint32_t list(const Range& rules, const Projection& record) {
        const std::size_t size = XT_RULE_BYTES(family_ == Family::V6), count = std::size(rules);
        const std::uint32_t at = out_.reserve(size * count, count * size > 32 ? 64 : 32);
        std::uint32_t next = at;
        for (const auto& rule : rules) {
            Record one = record(rule);
            (family_ == Family::V4 ? one.v4.rest : one.v6.rest).flags |=
                next + size == at + size * count ? XT_RULE_LAST : 0;
            if (family_ == Family::V4)
                out_.write(next, one.v4);
            else
                out_.write(next, one.v6);
            next += static_cast<std::uint32_t>(size);
        }
        return at;
    }

    Family family() const { return family_; }

  private:
    std::uint32_t more(const Conditions& conditions, const xt_image_more& head, bool own);
    Record record(const Conditions& conditions, const xt_image_rule& rest) const;

    ImageWriter& out_;
    Family family_;
    std::map<std::string, std::uint32_t> shared_;       // blocks that say nothing of their rule, by their bytes
    std::pair<std::string, std::uint32_t> last_shared_; // of these the last that was asked for
};

} // namespace xtbpf::classify
