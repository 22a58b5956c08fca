// SPDX-License-Identifier: GPL-2.0-or-later
// Images that are edited while they are in force, against the interpreter.
#include "tests/image_walk.hpp"
#include "tests/random_ir.hpp"
#include "translator/chains.hpp"
#include "translator/classify/room.hpp"
#include "translator/effects.hpp"
#include "translator/interpreter.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace xtbpf::testing {
namespace {

using classify::EditedRule;
using classify::Room;

constexpr std::uint32_t kAllParts = ~0U;

// The table as edits make it, beside the image as it was made.
class Edited {
  public:
    Edited(Random& random, Family family, const TableShape& shape)
        : family_(family), table_(random_table(random, family, TableId::Filter, shape)) {
        for (ir::Chain& chain : table_.chains) {
            if (chain.builtin) slots_ = std::max(slots_, chain.builtin->slot + 1);
            for (const ir::Rule& rule : chain.rules)
                slots_ = std::max(slots_, rule.slot + 1);
        }
        base_ = table_;
        image_ = whole_image(table_, classify::RoomPlan{slots_, kAllParts});
        storage_.resize(image_.bytes.size() / 64 + 1);
        take_image();
    }

    Room room() { return *Room::of(bytes(), family_); }
    std::span<std::uint8_t> bytes() { return {reinterpret_cast<std::uint8_t*>(storage_.data()), image_.bytes.size()}; }
    const classify::Image& image() {
        std::ranges::copy(bytes(), image_.bytes.begin());
        return image_;
    }
    const ir::Table& table() const { return table_; }
    const ir::Table& base() const { return base_; }

    // A rule into a chain, or one out of it. False: the room couldn't take it, and nothing has changed.
    bool edit(Random& random) {
        Room room = this->room();
        const auto chain = random.below(static_cast<std::uint32_t>(table_.chains.size()));
        const auto number = room.chain(chain);
        if (!number) return false;
        std::vector<ir::Rule>& rules = table_.chains[chain].rules;
        if (!room.claim(room.state())) return false;
        const bool removes = !rules.empty() && random.percent(40);
        const auto place = random.below(static_cast<std::uint32_t>(rules.size()) + (removes ? 0 : 1));
        bool done = false;
        if (removes) {
            done = remove(room, *number, rules[place].slot);
            if (done && random.percent(20)) done = insert(random, room, *number, chain, place);
            if (done) rules.erase(rules.begin() + place + (rules[place].slot == last_ ? 1 : 0));
        } else {
            done = insert(random, room, *number, chain, place);
        }
        if (!done) {
            room.give_up();
            return false;
        }
        EXPECT_TRUE(room.publish());
        return true;
    }

  private:
    struct alignas(64) Line {
        std::uint8_t bytes[64];
    };

    void take_image() { std::ranges::copy(image_.bytes, bytes().begin()); }

    bool remove(Room& room, std::uint32_t number, ir::Slot slot) {
        last_ = ~0U;
        for (const EditedRule& rule : room.rules(number, Room::edition(room.state())))
            if (rule.slot == slot) {
                room.kill_edited(rule.at);
                return true;
            }
        return room.kill(slot);
    }

    // Before the rule at `place` of the chain as it is now.
    bool insert(Random& random, Room& room, std::uint32_t number, std::uint32_t chain, std::uint32_t place) {
        std::vector<ir::Rule>& rules = table_.chains[chain].rules;
        ir::Rule rule;
        for (std::uint32_t count = random.below(4); count > 0; --count)
            rule.predicates.push_back(random_predicate(random, family_));
        switch (random.below(4)) {
        case 0: rule.action = ir::Accept{}; break;
        case 1: rule.action = ir::Drop{}; break;
        case 2: rule.action = ir::Return{}; break;
        default: rule.action = ir::Continue{}; break;
        }
        rule.slot = room.next_slot();
        std::uint32_t before = static_cast<std::uint32_t>(base_.chains[chain].rules.size()), edit = 0;
        if (place < rules.size()) {
            const ir::Slot next = rules[place].slot;
            for (std::uint32_t at = 0; at < base_.chains[chain].rules.size(); ++at)
                if (base_.chains[chain].rules[at].slot == next) before = at;
            for (const EditedRule& each : room.rules(number, Room::edition(room.state())))
                if (each.slot == next) {
                    before = each.before;
                    edit = each.at;
                }
        }
        const std::string text = fmt::format("rule {}", rule.slot);
        if (!room.insert(number, before, edit, rule, text, {rule.slot, 7})) return false;
        last_ = rule.slot;
        rules.insert(rules.begin() + place, rule);
        return true;
    }

    Family family_;
    ir::Table table_, base_;
    ir::Slot slots_ = 0;
    ir::Slot last_ = ~0U; // of the rule that this edit has put in
    classify::Image image_;
    std::vector<Line> storage_;
};

class ImageRoom : public ::testing::TestWithParam<Family> {};

TEST_P(ImageRoom, EditsAreAsIfTheTableHadBeenMadeSo) {
    std::size_t edits = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Random random(seed);
        const std::uint32_t rules = seed % 3 == 0 ? 300 : 12;
        Edited edited(random, GetParam(), {.user_chains = 3, .rules = rules, .limits = false});
        for (int round = 0; round < 40; ++round) {
            edits += edited.edit(random);
            const classify::Image& image = edited.image();
            for (int count = 0; count < 30; ++count) {
                const Hook hook = hooks_of(TableId::Filter)[random.below(3)];
                const Packet packet = random_packet(random, edited.table(), hook);
                const HookNeeds needs = hook_needs(edited.base(), hook); // effects keep their numbers
                Environment env;
                env.needs = &needs;
                ASSERT_EQ(walk_dry_run(edited.base(), image, hook, packet.view, packet.bytes,
                                       count % 2 == 0 ? &random : nullptr),
                          dry_run_answer(interpret(edited.table(), hook, packet.view, packet.bytes, env)))
                    << "seed " << seed << " round " << round << " packet " << count << " at " << name(hook);
            }
        }
    }
    EXPECT_GT(edits, 1000U); // most are possible
}

TEST_P(ImageRoom, NothingIsHeededBeforeItIsPublished) {
    Random random(1);
    Edited edited(random, GetParam(), {.limits = false});
    Room room = edited.room();
    const std::uint64_t state = room.state();
    ASSERT_TRUE(room.claim(state));
    EXPECT_FALSE(edited.room().claim(state)); // taken
    const auto chain = *room.chain(0);
    ASSERT_TRUE(room.insert(chain, 0, 0, {{}, ir::Drop{}, 0}, "-j DROP", {}));
    EXPECT_TRUE(room.rules(chain, Room::edition(state)).empty());
    EXPECT_EQ(room.rules(chain, Room::edition(state) + 1).size(), 1U);
    room.give_up();
    EXPECT_EQ(room.state(), state);
    EXPECT_TRUE(room.rules(chain, Room::edition(state) + 1).empty());

    Room next = edited.room();
    ASSERT_TRUE(next.claim(state));
    ASSERT_TRUE(next.insert(chain, 0, 0, {{}, ir::Drop{}, 0}, "-j DROP", {5, 6}));
    ASSERT_TRUE(next.publish());
    const auto rules = next.rules(chain, Room::edition(next.state()));
    ASSERT_EQ(rules.size(), 1U);
    EXPECT_EQ(rules[0].text, "-j DROP");
    EXPECT_EQ(rules[0].base, (Counters{5, 6}));
}

TEST_P(ImageRoom, AClosedOneTakesNothingAnyMore) {
    Random random(1);
    Edited edited(random, GetParam(), {.limits = false});
    Room room = edited.room();
    const std::uint32_t edition = Room::edition(room.state());
    EXPECT_FALSE(room.close(edition + 1));
    Room editor = edited.room();
    ASSERT_TRUE(editor.claim(editor.state()));
    const auto chain = *editor.chain(0);
    ASSERT_TRUE(editor.insert(chain, 0, 0, {{}, ir::Drop{}, 0}, "-j DROP", {}));
    ASSERT_TRUE(room.close(edition));
    EXPECT_FALSE(editor.publish());
    EXPECT_TRUE(editor.rules(chain, edition + 1).empty());
    EXPECT_FALSE(editor.claim(editor.state()));
}

TEST_P(ImageRoom, ItFillsUp) {
    Random random(1);
    Edited edited(random, GetParam(), {.limits = false});
    int editions = 0;
    for (Room room = edited.room(); room.claim(room.state()); ++editions) {
        const auto chain = *room.chain(static_cast<std::uint32_t>(editions % 2));
        if (!room.insert(chain, 0, 0, {{}, ir::Continue{}, 0}, "", {})) {
            room.give_up();
            break;
        }
        ASSERT_TRUE(room.publish());
    }
    EXPECT_GT(editions, 200);
    EXPECT_LT(editions, 256);
}

INSTANTIATE_TEST_SUITE_P(Families, ImageRoom, ::testing::Values(Family::V4, Family::V6),
                         [](const auto& info) { return std::string(name(info.param)); });

} // namespace
} // namespace xtbpf::testing
