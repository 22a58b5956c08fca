// SPDX-License-Identifier: GPL-2.0-or-later
// Keys gathered by hash: an open-addressing table of chains through one array.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace xtbpf::classify {

inline constexpr std::uint32_t kNoKey = ~0U;

using Links = std::vector<std::uint32_t>; // of each key, the one before it in its group

class Groups {
  public:
    struct Group {
        std::uint64_t hash = 0;
        std::uint32_t last = kNoKey; // its newest key
        std::uint32_t count = 0;     // 0: no group
    };

    // Before the first is added: so many keys may come.
    void expect(std::size_t keys) { table_.resize(std::bit_ceil(2 * keys + 2)); }

    // Adds the key unless its group already has `most`.
    bool add(std::uint64_t hash, std::uint32_t key, std::uint32_t most, Links& links) {
        if (2 * (size_ + 1) > table_.size()) grow();
        Group& group = find(hash);
        if (group.count >= most) return false;
        if (group.count == 0) {
            group.hash = hash;
            ++size_;
        }
        links[key] = group.last;
        group.last = key;
        ++group.count;
        ++keys_;
        return true;
    }

    template <typename Function> void each(const Function& function) const {
        for (const Group& group : table_)
            if (group.count != 0) function(group);
    }

    std::uint32_t size() const { return size_; }
    std::uint32_t keys() const { return keys_; }

  private:
    Group& find(std::uint64_t hash) {
        const std::size_t mask = table_.size() - 1;
        std::size_t at = hash >> 20 & mask;
        while (table_[at].count != 0 && table_[at].hash != hash)
            at = (at + 1) & mask;
        return table_[at];
    }

    void grow() {
        std::vector<Group> old(std::bit_ceil(std::size_t{4} * (size_ + 4)));
        old.swap(table_);
        for (const Group& group : old)
            if (group.count != 0) find(group.hash) = group;
    }

    std::vector<Group> table_;
    std::uint32_t size_ = 0, keys_ = 0;
};

} // namespace xtbpf::classify
