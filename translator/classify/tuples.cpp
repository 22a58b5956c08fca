// SPDX-License-Identifier: GPL-2.0-or-later
// Coarse shapes first. A key goes to the finest tuple that has room for it: where few other keys share its bits there.
// Keys that find none open a tuple, of their shape or of a coarser one if that tells them apart as well; so the prefix
// lengths and port combinations of a ruleset, which can be hundreds, end in a handful of tuples.
#include "translator/classify/tuples.hpp"

#include "translator/classify/field_uses.hpp"
#include "translator/classify/tests.hpp"

#include <algorithm>
#include <numeric>

namespace xtbpf::classify {

namespace {

constexpr std::uint32_t kMostTogether = 4; // rules that share a key where a finer tuple could tell them apart
constexpr std::size_t kLastTuple = XT_MOST_TUPLES - 1; // keys beyond go where they can

void set_mask(std::uint32_t* words, unsigned bits) {
    for (unsigned word = 0; word < 4; ++word) {
        const unsigned here = bits > 32 * word ? std::min(bits - 32 * word, 32U) : 0;
        words[word] = here == 0 ? 0 : ~0U << (32 - here);
    }
}

xt_image_tuple masks_of(const Shape& shape, std::uint32_t number) {
    xt_image_tuple tuple{};
    set_mask(tuple.source, shape.source);
    set_mask(tuple.destination, shape.destination);
    tuple.ports = (shape.sport ? 0xffff0000U : 0) | (shape.dport ? 0xffffU : 0);
    tuple.protocol = shape.protocol ? 0xff : 0;
    tuple.extra = shape.extra;
    if (shape.extra == XT_EXTRA_FIELD) {
        const WordPlace where = place(shape.extra_field);
        tuple.extra_word = where.word;
        tuple.extra_shift = where.shift;
        tuple.extra_mask = largest(shape.extra_field);
    }
    tuple.salt = (number + 1) * 0x9E3779B1U;
    return tuple;
}

class Spreader {
  public:
    Spreader(const KeySet& set, Family family, Links& links) : set_(set), v6_(family == Family::V6), links_(links) {
        links_.assign(set.keys.size(), kNoKey);
    }

    std::vector<Tuple> run() {
        for (std::vector<std::uint32_t>& keys : by_shape())
            place_keys(set_.shapes[set_.keys[keys.front()].shape], keys);
        return std::move(tuples_);
    }

  private:
    using Keys = std::vector<std::uint32_t>;

    // Indexes of keys by shape, coarse shapes first.
    std::vector<Keys> by_shape() const {
        std::vector<Keys> keys(set_.shapes.size());
        for (std::uint32_t key = 0; key < set_.keys.size(); ++key)
            keys[set_.keys[key].shape].push_back(key);
        std::ranges::stable_sort(keys, {},
                                 [&](const Keys& one) { return set_.shapes[set_.keys[one.front()].shape].bits(); });
        return keys;
    }

    void place_keys(const Shape& shape, Keys& keys) {
        std::vector<std::size_t> order;
        for (std::size_t at = 0; at < tuples_.size(); ++at)
            if (tuples_[at].shape.within(shape)) order.push_back(at);
        std::ranges::stable_sort(order, std::greater{}, [&](std::size_t at) { return tuples_[at].shape.bits(); });
        for (std::size_t at : order)
            add(tuples_[at], keys, tuples_[at].shape == shape ? ~0U : kMostTogether);
        if (keys.empty()) return;
        if (tuples_.size() >= kLastTuple) {
            if (order.empty()) {
                open({});
                order.push_back(tuples_.size() - 1);
            }
            return add(tuples_[order.front()], keys, ~0U);
        }
        for (const Shape& coarser : coarser_shapes(shape)) {
            if (!open_if_it_suffices(coarser, keys)) continue;
            if (keys.empty()) return;
            break;
        }
        if (tuples_.size() < XT_MOST_TUPLES) open(shape);
        add(tuples_.back(), keys, ~0U);
    }

    Tuple made(const Shape& shape) const {
        return {shape, masks_of(shape, static_cast<std::uint32_t>(tuples_.size())), {}};
    }

    void open(const Shape& shape) { tuples_.push_back(made(shape)); }

    // Moves keys into the tuple as far as there is room.
    void add(Tuple& tuple, Keys& keys, std::uint32_t most) {
        if (tuple.groups.size() == 0) tuple.groups.expect(keys.size());
        std::erase_if(keys, [&](std::uint32_t key) { return tuple.groups.add(hash(tuple, key), key, most, links_); });
    }

    std::uint64_t hash(const Tuple& tuple, std::uint32_t number) const {
        if (tuple.shape.empty()) return 0;
        const RuleKey& key = set_.keys[number];
        return xt_tuple_hash(&tuple.masks, key.source.data(), key.destination.data(), key.ports, key.protocol,
                             tuple.shape.extra == XT_EXTRA_NONE ? 0 : key.extra, v6_);
    }

    // What might tell keys of this shape apart as well, best first.
    std::vector<Shape> coarser_shapes(const Shape& shape) const {
        const unsigned fewest = v6_ ? 32 : 16; // else it would be probed for nearly every packet
        const Shape source{.source = shape.source}, destination{.destination = shape.destination};
        const Shape both{.source = shape.source, .destination = shape.destination};
        Shape dport = both;
        dport.dport = shape.dport;
        std::vector<Shape> shapes;
        if (shape.source >= shape.destination)
            shapes = {source, destination, both, dport};
        else
            shapes = {destination, source, both, dport};
        std::erase_if(shapes, [&](const Shape& one) { return one == shape || one.bits() < fewest; });
        return shapes;
    }

    // If it has room for nearly all keys: these are moved into it.
    bool open_if_it_suffices(const Shape& shape, Keys& keys) {
        Tuple tuple = made(shape);
        tuple.groups.expect(keys.size());
        Keys left;
        for (std::uint32_t key : keys)
            if (!tuple.groups.add(hash(tuple, key), key, kMostTogether, links_)) {
                left.push_back(key);
                if (left.size() * 16 > keys.size()) return false; // links of keys that are in no group say nothing
            }
        tuples_.push_back(std::move(tuple));
        keys = std::move(left);
        return true;
    }

    const KeySet& set_;
    bool v6_;
    Links& links_;
    std::vector<Tuple> tuples_;
};

} // namespace

bool Shape::within(const Shape& finer) const {
    return source <= finer.source && destination <= finer.destination && sport <= finer.sport && dport <= finer.dport &&
           protocol <= finer.protocol &&
           (extra == XT_EXTRA_NONE || (extra == finer.extra && extra_field == finer.extra_field));
}

unsigned Shape::bits() const {
    return source + destination + 16U * sport + 16U * dport + 2U * protocol + (extra == XT_EXTRA_NONE ? 0U : 16U);
}

std::uint32_t KeySet::shape_number(const Shape& shape) {
    const std::uint64_t packed = shape.source | shape.destination << 8 | shape.sport << 16 | shape.dport << 17 |
                                 shape.protocol << 18 | shape.extra << 20 |
                                 std::uint64_t{static_cast<std::uint8_t>(shape.extra_field)} << 24;
    const auto [found, added] = numbers_.try_emplace(packed, static_cast<std::uint32_t>(shapes.size()));
    if (added) shapes.push_back(shape);
    return found->second;
}

void KeySet::add(std::uint32_t rule, const Needed& needed, Family family) {
    const std::uint8_t most = family == Family::V4 ? 32 : 128;
    RuleKey key{.source = needed.source.value,
                .destination = needed.destination.value,
                .protocol = needed.protocol,
                .extra = needed.extra.value,
                .rule = rule};
    Shape shape{.source = std::min(needed.source.bits, most),
                .destination = std::min(needed.destination.bits, most),
                .sport = !needed.sports.empty(),
                .dport = !needed.dports.empty(),
                .protocol = needed.has_protocol,
                .extra = static_cast<std::uint8_t>(needed.extra.kind),
                .extra_field = needed.extra.field};
    // Lists of ports: one key each, for the shorter list.
    const bool list_sports = needed.dports.empty() || needed.sports.size() > needed.dports.size();
    if (needed.sports.size() > 1 && needed.dports.size() > 1) (list_sports ? shape.sport : shape.dport) = false;
    const std::size_t sports = shape.sport ? needed.sports.size() : 1, dports = shape.dport ? needed.dports.size() : 1;
    key.shape = shape_number(shape);
    for (std::size_t sport = 0; sport < sports; ++sport)
        for (std::size_t dport = 0; dport < dports; ++dport) {
            key.ports = (shape.sport ? std::uint32_t{needed.sports[sport]} << 16 : 0U) |
                        (shape.dport ? needed.dports[dport] : 0U);
            keys.push_back(key);
        }
}

Spread spread(const KeySet& set, Family family) {
    Spread spread;
    spread.tuples = Spreader(set, family, spread.links).run();
    return spread;
}

} // namespace xtbpf::classify
