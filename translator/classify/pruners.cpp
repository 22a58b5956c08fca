// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/pruners.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace xtbpf::classify {

namespace {

constexpr std::size_t kFewTuples = 3; // to probe so many costs no more than to ask

class Side {
  public:
    Side(const KeySet& set, std::span<const Tuple* const> tuples, const Links& links, bool source, Family family)
        : set_(set), tuples_(tuples), links_(links), source_(source), v6_(family == Family::V6) {}

    // Writes two pruners at most; returns the tuples none of them speaks for.
    std::uint64_t write(ImageWriter& out, std::span<xt_image_pruner, 2> pruners) const {
        const std::uint64_t all = tuples_.size() == 64 ? ~0ULL : (1ULL << tuples_.size()) - 1;
        if (tuples_.size() <= kFewTuples) return all;
        std::uint64_t left = all;
        std::size_t used = 0;
        const unsigned fine = v6_ ? 56 : 24, coarse = v6_ ? 32 : 16;
        if (std::popcount(with_bits(fine)) >= 3) {
            const std::uint64_t tuples = with_bits(fine);
            pruners[used++] = hashed(out, fine, tuples);
            left &= ~tuples;
        }
        const std::uint64_t tuples = left & with_bits(v6_ ? coarse : 1);
        if (std::popcount(tuples) >= 2) {
            pruners[used++] = v6_ ? hashed(out, coarse, tuples) : direct(out, tuples);
            left &= ~tuples;
        }
        return left;
    }

  private:
    unsigned length(const Tuple& tuple) const {
        return std::min<unsigned>(source_ ? tuple.shape.source : tuple.shape.destination, 64);
    }

    std::uint64_t with_bits(unsigned bits) const {
        std::uint64_t tuples = 0;
        for (std::size_t tuple = 0; tuple < tuples_.size(); ++tuple)
            if (length(*tuples_[tuple]) >= bits) tuples |= 1ULL << tuple;
        return tuples;
    }

    template <typename Function> void each_key(std::uint64_t tuples, const Function& function) const {
        for (std::size_t tuple = 0; tuple < tuples_.size(); ++tuple) {
            if (!(tuples >> tuple & 1)) continue;
            tuples_[tuple]->groups.each([&](const Groups::Group& group) {
                for (std::uint32_t key = group.last; key != kNoKey; key = links_[key])
                    function(set_.keys[key], tuple);
            });
        }
    }

    std::size_t groups(std::uint64_t tuples) const {
        std::size_t groups = 0;
        for (std::size_t tuple = 0; tuple < tuples_.size(); ++tuple)
            if (tuples >> tuple & 1) groups += tuples_[tuple]->groups.size();
        return groups;
    }

    std::uint64_t top(const RuleKey& key) const {
        return xt_prune_key(source_ ? key.source.data() : key.destination.data(), v6_);
    }

    // For prefixes of at least so many bits.
    xt_image_pruner hashed(ImageWriter& out, unsigned bits, std::uint64_t tuples) const {
        const auto log = static_cast<unsigned>(std::bit_width(std::max<std::size_t>(groups(tuples), 8)));
        xt_image_pruner pruner{};
        pruner.key_shift = static_cast<__u8>(64 - bits);
        pruner.slot_shift = static_cast<__u8>(64 - log);
        std::vector<std::uint64_t> words(std::size_t{1} << log);
        each_key(tuples, [&](const RuleKey& key, std::size_t tuple) {
            words[xt_prune_slot(top(key), pruner.key_shift, pruner.slot_shift)] |= 1ULL << tuple;
        });
        return write_table(out, pruner, words);
    }

    // For prefixes of any length: a shorter one marks all words below it.
    xt_image_pruner direct(ImageWriter& out, std::uint64_t tuples) const {
        const auto bits = std::clamp<unsigned>(static_cast<unsigned>(std::bit_width(groups(tuples))), 8, 16);
        xt_image_pruner pruner{};
        pruner.key_shift = static_cast<__u8>(64 - bits);
        std::vector<std::uint64_t> words(std::size_t{1} << bits);
        each_key(tuples, [&](const RuleKey& key, std::size_t tuple) {
            const unsigned own = length(*tuples_[tuple]);
            const std::size_t count = own >= bits ? 1 : std::size_t{1} << (bits - own);
            const std::size_t first = (top(key) >> pruner.key_shift) & ~(count - 1);
            for (std::size_t at = first; at < first + count; ++at)
                words[at] |= 1ULL << tuple;
        });
        return write_table(out, pruner, words);
    }

    static xt_image_pruner write_table(ImageWriter& out, xt_image_pruner pruner,
                                       const std::vector<std::uint64_t>& words) {
        pruner.table = out.reserve(words.size() * 8, 64);
        out.write_bytes(pruner.table, {reinterpret_cast<const char*>(words.data()), words.size() * 8});
        return pruner;
    }

    const KeySet& set_;
    std::span<const Tuple* const> tuples_;
    const Links& links_;
    bool source_, v6_;
};

} // namespace

void write_pruners(ImageWriter& out, xt_image_index& index, const KeySet& set, std::span<const Tuple* const> tuples,
                   const Links& links, Family family) {
    const std::span<xt_image_pruner, 4> pruners(index.pruners);
    index.always[0] = Side(set, tuples, links, true, family).write(out, pruners.first<2>());
    index.always[1] = Side(set, tuples, links, false, family).write(out, pruners.last<2>());
}

} // namespace xtbpf::classify
