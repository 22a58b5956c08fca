// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/live_table.hpp"

#include "datapath/counters.hpp"
#include "datapath/store_format.hpp"
#include "datapath/store_maps.hpp"
#include "kmod-shim/anchor.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace xtbpf {

namespace {

using classify::EditedRule;
using classify::Room;

class EditableTable final : public LiveTable {
  public:
    EditableTable(Mapping store, StoreText text, Mapping image, Room room, CounterPages counters)
        : store_(std::move(store)), text_(std::move(text)), image_(std::move(image)), room_(room), state_(room.state()),
          counters_(std::move(counters)) {}

    bool has_chain(std::string_view name) const override { return index_of(name).has_value(); }

    std::uint32_t hooks(std::string_view name) const override {
        const auto number = number_of(name);
        return number ? room_.hooks(*number) : 0;
    }

    std::optional<Found> find(std::string_view chain, std::string_view text) const override {
        return found(place(chain, [&](const Place& place) { return place.text == text; }));
    }

    std::optional<Found> find(std::string_view chain, std::uint32_t number) const override {
        return found(place(chain, [&](const Place& place) { return place.number == number; }));
    }

    Outcome edit(std::string_view chain, std::uint32_t number, bool removes, const LiveRule* rule) override {
        const auto in_image = number_of(chain);
        const auto at =
            number == 0 ? end_of(chain) : place(chain, [&](const Place& place) { return place.number == number; });
        if (!in_image || hooks(chain) == 0 || !at || (removes && at->end) || (at->end && number > at->number))
            return Outcome::Impossible;
        if (!room_.claim(state_)) return room_.full() ? Outcome::Impossible : Outcome::Overtaken;
        if ((!removes || remove(*at)) && (!rule || insert(*in_image, *at, *rule)))
            return room_.publish() ? Outcome::Done : Outcome::Overtaken;
        room_.give_up();
        return Outcome::Impossible;
    }

  private:
    // A rule of a chain, or its end.
    struct Place {
        std::uint32_t number = 0;
        std::string_view text{};
        ir::Slot slot = 0;
        std::uint32_t before = 0; // position in the image: its own, or of the rule behind it
        std::uint32_t edit = 0;   // its xt_image_edit; 0: it is the image's
        bool end = false;
    };

    std::optional<std::uint32_t> index_of(std::string_view name) const {
        const auto found = std::ranges::find(text_.chains, name, &ChainText::name);
        if (found == text_.chains.end()) return std::nullopt;
        return static_cast<std::uint32_t>(found - text_.chains.begin());
    }

    std::optional<std::uint32_t> number_of(std::string_view name) const {
        const auto index = index_of(name);
        return index ? room_.chain(*index) : std::nullopt;
    }

    static std::optional<Found> found(const std::optional<Place>& place) {
        if (!place || place->end) return std::nullopt;
        return Found{place->number, std::string(place->text)};
    }

    // Without a look at its rules, which are not counted then.
    std::optional<Place> end_of(std::string_view name) const {
        const auto index = index_of(name);
        if (!index) return std::nullopt;
        return Place{.number = 0, .before = text_.chains[*index].count, .end = true};
    }

    // The first of the chain's rules, in order, of which `wanted` says true, or else its end. nullopt: it isn't in the image.
    std::optional<Place> place(std::string_view name, const std::function<bool(const Place&)>& wanted) const {
        const auto index = index_of(name);
        const auto number = number_of(name);
        if (!number) return std::nullopt;
        const std::uint32_t edition = Room::edition(state_);
        const std::vector<EditedRule> edits = room_.rules(*number, edition);
        Place place{.number = 1};
        auto edit = edits.begin();
        const auto edits_before = [&](std::uint32_t position) {
            for (; edit != edits.end() && edit->before <= position; ++edit, ++place.number) {
                place = {place.number, edit->text, edit->slot, edit->before, edit->at};
                if (wanted(place)) return true;
            }
            return false;
        };
        std::uint32_t position = 0;
        const ChainText& chain = text_.chains[*index];
        const bool found = chain.find([&](const RuleText& rule) {
            if (edits_before(position)) return true;
            if (!room_.dead(rule.slot, edition)) {
                place = {place.number, rule.text, rule.slot, position, 0};
                if (wanted(place)) return true;
                ++place.number;
            }
            ++position;
            return false;
        });
        if (found || edits_before(chain.count)) return place;
        return Place{.number = place.number, .before = chain.count, .end = true};
    }

    bool remove(const Place& place) {
        if (place.edit == 0) return room_.kill(place.slot);
        room_.kill_edited(place.edit);
        return true;
    }

    bool insert(std::uint32_t chain, const Place& place, const LiveRule& rule) {
        const ir::Slot slot = room_.next_slot();
        if (slot >= counters_.room()) return false;
        const auto raw = counters_.read(slot, slot + 1);
        if (!raw) return false;
        return room_.insert(chain, place.before, place.edit, rule.lowered, rule.text, rule.counters - raw->front());
    }

    Mapping store_;
    StoreText text_; // of store_
    Mapping image_;
    Room room_; // of image_
    std::uint64_t state_;
    CounterPages counters_;
};

} // namespace

Result<std::unique_ptr<LiveTable>> open_live_table(Family family, TableId table) {
    const auto anchored = anchor::inspect(family, table);
    if (!anchored) return std::unexpected(anchored.error());
    if (!*anchored || (*anchored)->hooks.size() != hooks_of(table).size()) return nullptr;
    const auto tag = parse_tag((*anchored)->tag);
    if (!tag) return std::unexpected(tag.error());
    auto maps = open_store_maps(tag->holder);
    if (!maps) return std::unexpected(maps.error());
    if (!*maps || !(*maps)->image) return nullptr;

    auto store = Mapping::readable((*maps)->store.get());
    if (!store) return std::unexpected(store.error());
    auto text = scan_store(store->bytes());
    if (!text) return std::unexpected(text.error());
    if (text->nonce != tag->nonce || text->family != family || text->id != table) return nullptr;
    auto image = Mapping::writable((*maps)->image.get());
    if (!image) return std::unexpected(image.error());
    const auto room = Room::of(image->writable_bytes(), family);
    if (!room) return nullptr;
    auto counters = CounterPages::adopt(std::move((*maps)->counters));
    if (!counters) return std::unexpected(counters.error());
    return std::make_unique<EditableTable>(std::move(*store), std::move(*text), std::move(*image), *room,
                                           std::move(*counters));
}

Result<ClosedTable> ClosedTable::close(const CurrentStore& current) {
    ClosedTable closed;
    if (!current.image) return closed;
    auto image = Mapping::writable(current.image.get());
    if (!image) return std::unexpected(image.error());
    closed.image_ = std::move(*image);
    auto room = Room::of(closed.image_->writable_bytes(), current.table.family);
    if (!room) return closed;
    if (!room->close(current.edition))
        return fail(ErrorKind::Overtaken, "another command has edited the table in the meantime");
    closed.room_ = std::move(room);
    return closed;
}

Result<std::uint32_t> apply_edits(StoredTable& table, const Fd& image) {
    if (!image) return 0;
    auto mapping = Mapping::writable(image.get());
    if (!mapping) return std::unexpected(mapping.error());
    const auto room = Room::of(mapping->writable_bytes(), table.family);
    if (!room) return 0;
    const std::uint32_t edition = Room::edition(room->state());
    for (std::uint32_t number = 0; number < room->chains(); ++number) {
        const std::uint32_t index = room->stored(number);
        const std::vector<EditedRule> edits = room->rules(number, edition);
        if (index >= table.chains.size() || (edits.empty() && !room->any_dead())) continue;
        std::vector<StoredRule> rules;
        std::vector<StoredRule>& old = table.chains[index].rules;
        rules.reserve(old.size() + edits.size());
        auto edit = edits.begin();
        for (std::uint32_t position = 0; position <= old.size(); ++position) {
            for (; edit != edits.end() && edit->before <= position; ++edit) {
                Account account;
                account.slot = edit->slot;
                account.counters = edit->base;
                rules.push_back({std::string(edit->text), account});
            }
            if (position < old.size() && !room->dead(old[position].account.slot, edition))
                rules.push_back(std::move(old[position]));
        }
        old = std::move(rules);
    }
    return edition;
}

} // namespace xtbpf
