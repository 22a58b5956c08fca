// SPDX-License-Identifier: GPL-2.0-or-later
// Edits of an image in force (image.h), in memory that programs read meanwhile.
//
// The room's state is one word: the edition, and who is about to make the next one. An edit: claim(), then all that it changes,
// which no packet heeds before publish(). Who is killed between the two leaves the claim behind, which ends all edits of this
// image: a new one has to be made. So does close(), before a new image takes this one's place.
#pragma once

#include "translator/classify/image.h"
#include "translator/ir.hpp"
#include "translator/placement.hpp"
#include "translator/table.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace xtbpf::classify {

// A rule that an edit has put into a chain.
struct EditedRule {
    std::uint32_t at = 0;     // its xt_image_edit
    std::uint32_t before = 0; // position of the image's rule that it stands before
    ir::Slot slot = 0;
    Counters base; // to be added to what the slot has counted
    std::string_view text;
};

class Room {
  public:
    // Over all bytes of an image, 64 bytes aligned. nullopt: it has no room, or is damaged.
    static std::optional<Room> of(std::span<std::uint8_t> image, Family family);

    std::uint64_t state() const;
    static std::uint32_t edition(std::uint64_t state) { return static_cast<std::uint32_t>(state); }
    static bool claimed(std::uint64_t state) { return state >> 32 != 0; }

    ir::Slot next_slot() const { return room().slots; }

    // Number in the image of the table's chain; nullopt: it isn't there.
    std::optional<std::uint32_t> chain(std::uint32_t stored) const;
    std::uint32_t stored(std::uint32_t chain) const { return at<xt_image_chain>(chain_at(chain))->stored; }
    std::uint32_t chains() const { return header().chain_count; }
    std::uint32_t hooks(std::uint32_t chain) const { return at<xt_image_chain>(chain_at(chain))->hooks; } // 0: closed

    // As of an edition. The rules in order.
    std::vector<EditedRule> rules(std::uint32_t chain, std::uint32_t edition) const;
    bool dead(ir::Slot slot, std::uint32_t edition) const;
    bool any_dead() const { return room().died != 0; }

    // False if the state isn't `state` any more, somebody has claimed it, or the room is full.
    bool claim(std::uint64_t state);
    bool full() const { return edition(state()) + 1 >= XT_MOST_EDITIONS; }
    // With a claim. False if there is no room (or too many rules have been added to the chain, each of which costs every packet
    // a little), or the rule needs more than an image in force can take: code, an effect, a jump, a part of the view that isn't filled.
    // It gets next_slot(), and stands before `edit`; if that is 0, before the image's rule at position `before` of the chain.
    bool insert(std::uint32_t chain, std::uint32_t before, std::uint32_t edit, const ir::Rule& rule,
                std::string_view text, const Counters& base);
    bool kill(ir::Slot slot); // of a rule of the image
    void kill_edited(std::uint32_t at);
    // Ends the claim. False if somebody has closed the room in between; nothing has changed then.
    bool publish();
    void give_up(); // takes back what this claim has changed

    // For who replaces the image: no edit is possible any more. False if there has been one since `edition`.
    bool close(std::uint32_t edition);
    void reopen(); // the state before close()

  private:
    Room(std::span<std::uint8_t> image, Family family) : image_(image), family_(family) {}

    template <typename Struct> Struct* at(std::uint32_t offset) const {
        return reinterpret_cast<Struct*>(image_.data() + offset);
    }
    const xt_image_header& header() const { return *at<xt_image_header>(0); }
    xt_image_room& room() const { return *at<xt_image_room>(header().room); }
    std::uint32_t chain_at(std::uint32_t chain) const {
        return header().chains + chain * static_cast<std::uint32_t>(sizeof(xt_image_chain));
    }
    std::uint32_t slot_of(std::uint32_t edit) const;
    bool sound() const;
    std::uint32_t* link_to(std::uint32_t chain, std::uint32_t before, std::uint32_t edit) const;
    void change(std::uint32_t& word, std::uint32_t value);
    void take_back();
    bool unclaim(std::uint64_t next); // false: the claim isn't this one's any more

    std::span<std::uint8_t> image_;
    Family family_;
    __u64 before_ = 0; // the state that was claimed or closed
    struct Change {
        std::uint32_t* word;
        std::uint32_t was;
    };
    std::vector<Change> changes_;
};

// XT_PART_*
std::uint32_t parts_of(const ViewNeeds& needs);

} // namespace xtbpf::classify
