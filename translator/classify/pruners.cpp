// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/pruners.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_set>

namespace xtbpf::classify {

namespace {

constexpr std::size_t kFewTuples = 3; // to probe so many costs no more than to ask

class Side {
  public:
    Side(const KeySet& set, std::span<const Tuple* const> tuples, const Links& links, bool source, Family family)
        : set_(set), tuples_(tuples), links_(links), source_(source), v6_(family == Family::V6) {}

    // Writes two pruners at most; returns the tuples none of them speaks for.
    std::uint64_t write(ImageWriter& out, std::span<xt_image_pruner, 2> pruners) const {
        std::uint64_t always = tuples_.size() == 64 ? ~0ULL : (1ULL << tuples_.size()) - 1;
        if (tuples_.size() <= kFewTuples) return always;
        const std::array<unsigned, 2> bits = choose();
        std::size_t used = 0;
        for (std::size_t at = bits.size(); at-- > 0;) {
            if (bits[at] == 0) continue;
            std::uint64_t spoken_for = 0;
            for (std::size_t tuple = 0; tuple < tuples_.size(); ++tuple)
                if (length(*tuples_[tuple]) >= bits[at]) spoken_for |= 1ULL << tuple;
            spoken_for &= always;
            if (spoken_for == 0) continue;
            pruners[used++] = table(out, bits[at], spoken_for);
            always &= ~spoken_for;
        }
        return always;
    }

  private:
    unsigned length(const Tuple& tuple) const {
        return std::min<unsigned>(source_ ? tuple.shape.source : tuple.shape.destination, 64);
    }

    // So that nearly all tuples have as many bits as the shorter one looks at, and half of them those of the longer.
    std::array<unsigned, 2> choose() const {
        std::vector<unsigned> lengths;
        for (const Tuple* tuple : tuples_)
            if (length(*tuple) >= 6) lengths.push_back(length(*tuple));
        if (lengths.size() < 2) return {};
        std::ranges::sort(lengths);
        const unsigned low = lengths[lengths.size() / 8], high = lengths[lengths.size() / 2];
        return {low, high > low ? high : 0};
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

    xt_image_pruner table(ImageWriter& out, unsigned bits, std::uint64_t tuples) const {
        std::size_t keys = 0;
        for (std::size_t tuple = 0; tuple < tuples_.size(); ++tuple)
            if (tuples >> tuple & 1) keys += tuples_[tuple]->groups.size();
        const std::size_t most = bits < 20 ? std::size_t{1} << bits : keys;
        const auto log = static_cast<unsigned>(std::bit_width(std::max<std::size_t>(2 * std::min(keys, most), 2) - 1));
        xt_image_pruner pruner{};
        pruner.key_shift = static_cast<__u8>(64 - bits);
        pruner.slot_shift = static_cast<__u8>(64 - log);
        std::vector<std::uint64_t> words(std::size_t{1} << log);
        each_key(tuples, [&](const RuleKey& key, std::size_t tuple) {
            const std::uint64_t top = xt_prune_key(source_ ? key.source.data() : key.destination.data(), v6_);
            words[xt_prune_slot(top, pruner.key_shift, pruner.slot_shift)] |= 1ULL << tuple;
        });
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
