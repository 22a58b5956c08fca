// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/index.hpp"

#include "translator/classify/pruners.hpp"

#include <algorithm>
#include <bit>

namespace xtbpf::classify {

namespace {

using Rules = std::vector<std::uint32_t>; // positions, ascending

// The hash table. Entries of a bucket fill from its start; a full bucket's keys go on in the next.
class Buckets {
  public:
    explicit Buckets(std::size_t groups)
        : count_(static_cast<std::uint32_t>(groups * 10 / 16 + 1)),
          slots_((count_ + XT_MOST_BUCKETS) * std::size_t{XT_BUCKET_ENTRIES}) {}

    struct Slot {
        std::uint32_t print = 0;
        std::uint32_t list = 0; // index + 1 of the caller's
    };

    // The slot that already has this print, or a new one; null if the way is full.
    Slot* find(std::uint64_t hash) {
        const std::size_t first = std::size_t{xt_bucket(hash, count_)} * XT_BUCKET_ENTRIES;
        for (std::size_t at = first; at < first + XT_MOST_BUCKETS * XT_BUCKET_ENTRIES; ++at) {
            Slot& slot = slots_[at];
            if (slot.list == 0) slot.print = static_cast<std::uint32_t>(hash);
            if (slot.print == static_cast<std::uint32_t>(hash)) return &slot;
        }
        return nullptr;
    }

    std::uint32_t count() const { return count_; }
    void widen() { *this = Buckets(std::size_t{count_} * 16 / 10 * 2); }
    const std::vector<Slot>& slots() const { return slots_; }

  private:
    std::uint32_t count_;
    std::vector<Slot> slots_;
};

struct Writer {
    ImageWriter& out;
    RecordMaker& maker;
    const std::vector<Record>& records;
    const KeySet& set;
    const Links& links;
    std::size_t longest = 0;

    void collect(const Groups::Group& group, Rules& rules) const {
        for (std::uint32_t key = group.last; key != kNoKey; key = links[key])
            rules.push_back(set.keys[key].rule);
    }

    std::uint32_t list(Rules& rules) {
        if (rules.size() > 1) {
            std::ranges::sort(rules);
            rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
        }
        longest = std::max(longest, rules.size());
        return maker.list(rules, [&](std::uint32_t rule) { return records[rule]; });
    }
};

struct Bounds {
    std::uint32_t first = XT_NO_RULE, last = 0;
};

Bounds bounds(const Tuple& tuple, const KeySet& set, const Links& links) {
    Bounds bounds;
    tuple.groups.each([&](const Groups::Group& group) {
        for (std::uint32_t key = group.last; key != kNoKey; key = links[key]) {
            bounds.first = std::min(bounds.first, set.keys[key].rule);
            bounds.last = std::max(bounds.last, set.keys[key].rule);
        }
    });
    return bounds;
}

// Where many tuples are probed, most of them in vain, each probe would read another cache line and page of a large table.
constexpr std::size_t kFilteredTuples = 4, kFilteredGroups = 32768;
constexpr std::size_t kGroupsPerWord = 8; // at most: three of a hundred absent keys pass

void write_filter(ImageWriter& out, xt_image_index& index, const std::vector<Groups::Group>& groups) {
    std::vector<std::uint64_t> words(std::bit_ceil(groups.size() / kGroupsPerWord));
    index.filter_mask = static_cast<__u32>(words.size() - 1);
    for (const Groups::Group& group : groups)
        words[xt_filter_word(group.hash, index.filter_mask)] |= xt_filter_bits(group.hash);
    index.filter = out.reserve(words.size() * 8, 64);
    out.write_bytes(index.filter, {reinterpret_cast<const char*>(words.data()), words.size() * 8});
}

// All groups but those of the tuple without a shape, in one table. Two hashes that look the same there share a list. The lists stand in
// the order of the rules, so that these are read one behind the other.
void write_table(Writer& writer, xt_image_index& index, const std::vector<const Tuple*>& tuples) {
    std::vector<Groups::Group> groups;
    for (const Tuple* tuple : tuples)
        if (!tuple->shape.empty()) tuple->groups.each([&](const Groups::Group& group) { groups.push_back(group); });
    std::ranges::sort(groups, {}, &Groups::Group::last);
    struct Place {
        std::uint32_t slot = 0;
        std::uint32_t before = 0; // the group + 1 that shares the list
        bool newest = true;       // of those that share it
    };
    Buckets buckets(groups.size());
    std::vector<Place> places(groups.size());
    for (std::size_t at = 0; at < groups.size();) {
        Buckets::Slot* slot = buckets.find(groups[at].hash);
        if (!slot) {
            buckets.widen();
            places.assign(groups.size(), {});
            at = 0;
            continue;
        }
        if (slot->list != 0) places[slot->list - 1].newest = false;
        places[at] = {static_cast<std::uint32_t>(slot - buckets.slots().data()), slot->list, true};
        slot->list = static_cast<std::uint32_t>(++at);
    }
    if (tuples.size() >= kFilteredTuples && groups.size() >= kFilteredGroups) write_filter(writer.out, index, groups);
    index.buckets = buckets.count();
    index.table = writer.out.reserve(buckets.slots().size() * sizeof(xt_image_entry), 64);
    Rules rules;
    for (std::size_t at = 0; at < groups.size(); ++at) {
        if (!places[at].newest) continue;
        rules.clear();
        for (std::size_t group = at + 1; group != 0; group = places[group - 1].before)
            writer.collect(groups[group - 1], rules);
        writer.out.write(index.table + places[at].slot * static_cast<__u32>(sizeof(xt_image_entry)),
                         xt_image_entry{static_cast<std::uint32_t>(groups[at].hash), writer.list(rules)});
    }
}

} // namespace

IndexStats write_index(ImageWriter& out, RecordMaker& maker, std::uint32_t& at, const std::vector<Record>& records,
                       const KeySet& set, const Spread& spread) {
    const Links& links = spread.links;
    std::vector<std::pair<Bounds, const Tuple*>> order;
    for (const Tuple& tuple : spread.tuples)
        if (tuple.groups.size() != 0) order.emplace_back(bounds(tuple, set, links), &tuple);
    std::ranges::sort(order, {}, [](const auto& one) { return one.first.first; });
    std::vector<const Tuple*> tuples;
    for (const auto& one : order)
        tuples.push_back(one.second);

    Writer writer{out, maker, records, set, links};
    xt_image_index index{};
    index.tuple_count = static_cast<__u32>(tuples.size());
    at = out.reserve(sizeof index, 64);
    index.tuples = out.reserve(tuples.size() * sizeof(xt_image_tuple), 64);
    write_pruners(out, index, set, tuples, links, maker.family());
    write_table(writer, index, tuples);
    for (std::size_t number = 0; number < tuples.size(); ++number) {
        xt_image_tuple tuple = tuples[number]->masks;
        tuple.first = order[number].first.first;
        tuple.last = order[number].first.last;
        if (tuples[number]->shape.empty()) {
            Rules rules;
            tuples[number]->groups.each([&](const Groups::Group& group) { writer.collect(group, rules); });
            tuple.list = writer.list(rules);
        }
        out.write(index.tuples + static_cast<__u32>(number * sizeof tuple), tuple);
    }
    out.write(at, index);
    return {tuples.size(), writer.longest};
}

} // namespace xtbpf::classify
