// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/classify.hpp"

#include "translator/chains.hpp"
#include "translator/classify/depths.hpp"
#include "translator/classify/index.hpp"
#include "translator/classify/records.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <string>
#include <unordered_map>

namespace xtbpf::classify {

namespace {

constexpr std::size_t kFewRules = 6;        // to check them all costs no more than to look in an index
constexpr std::size_t kWorthAThread = 2000; // rules
constexpr std::size_t kMostNumbers = 0xffff;
constexpr std::size_t kRoom = 256 << 10; // as many editions as a byte counts, with comments of the greatest length

std::vector<std::uint32_t> reachable(const ir::Table& table, std::span<const Root> roots) {
    std::vector<bool> seen(table.chains.size());
    std::vector<std::uint32_t> chains;
    for (const Root& root : roots)
        for (std::uint32_t chain : chain_order(table, *builtin_chain(table, root.hook)).callees_first)
            if (!seen[chain]) {
                seen[chain] = true;
                chains.push_back(chain);
            }
    return chains;
}

class Builder {
  public:
    Builder(const ir::Table& table, std::span<const Root> roots)
        : table_(table), roots_(roots), chains_(reachable(table, roots)), records_(out_, table.family) {}

    std::optional<Image> build(const std::optional<RoomPlan>& room) {
        image_.family = table_.family;
        image_.numbers.resize(table_.chains.size());
        for (std::uint32_t number = 0; number < chains_.size(); ++number)
            image_.numbers[chains_[number]] = number;
        if (pending_jumps(table_, image_.numbers) > XT_WALK_DEPTH) return std::nullopt;
        std::size_t rules = 0;
        for (std::uint32_t chain : chains_)
            rules += table_.chains[chain].rules.size();
        // Memory that isn't used costs nothing; to move what is written does.
        out_.expect(4096 + rules * (table_.family == Family::V4 ? 160 : 224));

        out_.reserve(sizeof(xt_image_header), 64);
        if (table_.family == Family::V6) write_masks();
        header_.chain_count = static_cast<__u32>(chains_.size());
        header_.chains = out_.reserve(chains_.size() * sizeof(xt_image_chain), 16);
        for (std::uint32_t number = 0; number < chains_.size(); ++number)
            out_.write(header_.chains + number * static_cast<__u32>(sizeof(xt_image_chain)), chain(number));
        if (image_.guards.size() > kMostNumbers || effects_.size() > kMostNumbers) return std::nullopt;
        write_effects();
        write_roots();
        if (room) make_room(*room);
        out_.reserve(XT_IMAGE_SLACK, 64);
        header_.bytes = static_cast<__u32>(out_.size());
        out_.write(0, header_);
        image_.bytes = std::move(out_).take();
        return std::move(image_);
    }

  private:
    static_assert(sizeof(xt_image_header) <= XT_IMAGE_MASKS);

    void write_masks() {
        const std::uint32_t at = out_.reserve(129 * sizeof(ir::Words), XT_IMAGE_MASKS);
        for (std::uint32_t bits = 0; bits <= 128; ++bits) {
            ir::Words mask{};
            for (std::uint32_t word = 0; word < 4; ++word) {
                const std::uint32_t here = bits > 32 * word ? std::min(bits - 32 * word, 32U) : 0;
                mask[word] = here == 0 ? 0 : ~0U << (32 - here);
            }
            out_.write(at + bits * static_cast<__u32>(sizeof mask), mask);
        }
    }

    void write_effects() {
        header_.effects = out_.reserve(effects_.size() * XT_HOOKS * sizeof(__u32), 16);
        for (std::uint32_t number = 0; number < effects_.size(); ++number)
            for (const Root& root : roots_) {
                const auto found = root.needs->numbers.find(effects_[number].text);
                if (found == root.needs->numbers.end()) continue; // the hook doesn't reach it
                const bool stops = xtbpf::stops(*root.needs, *effects_[number].effect);
                out_.write(header_.effects + (number * XT_HOOKS + static_cast<__u32>(root.hook)) * __u32{sizeof(__u32)},
                           found->second | (stops ? XT_EFFECT_STOPS : 0U));
            }
    }

    void write_roots() {
        for (const Root& root : roots_) {
            const std::uint32_t chain = *builtin_chain(table_, root.hook);
            const ir::Builtin& policy = *table_.chains[chain].builtin;
            header_.roots[static_cast<std::size_t>(root.hook)] = {*image_.numbers[chain], policy.slot,
                                                                  policy.accept ? XT_ACCEPT : XT_DROP};
        }
    }

    void make_room(const RoomPlan& plan) {
        std::vector<std::uint32_t> hooks(chains_.size());
        std::uint32_t walked = 0;
        for (const Root& root : roots_)
            walked |= hook_bit(root.hook);
        for (Hook hook : hooks_of(table_.id))
            for (std::uint32_t chain : chain_order(table_, *builtin_chain(table_, hook)).callees_first)
                if (image_.numbers[chain]) hooks[*image_.numbers[chain]] |= hook_bit(hook);
        for (std::uint32_t number = 0; number < chains_.size(); ++number) {
            const std::uint32_t at = header_.chains + number * __u32{sizeof(xt_image_chain)};
            auto chain = out_.read<xt_image_chain>(at);
            chain.stored = chains_[number];
            chain.hooks = (hooks[number] & ~walked) == 0 ? hooks[number] : 0;
            out_.write(at, chain);
        }
        header_.room = out_.reserve(sizeof(xt_image_room), 64);
        xt_image_room room{};
        room.slots = plan.slots;
        room.parts = plan.parts;
        room.deaths = out_.reserve(XT_DEATHS * sizeof(xt_image_death), 64);
        room.used = out_.reserve(kRoom, 64);
        room.end = static_cast<__u32>(out_.size());
        out_.write(header_.room, room);
    }

    xt_image_chain chain(std::uint32_t number) {
        const std::vector<ir::Rule>& rules = table_.chains[chains_[number]].rules;
        xt_image_chain chain{};
        chain.count = static_cast<__u32>(rules.size());
        if (rules.empty()) return chain;
        const bool indexed = rules.size() > kFewRules;
        std::vector<Record> records;
        records.reserve(rules.size());
        KeySet keys, odd;
        bool alike = true; // odd packets need no keys of their own
        if (indexed) keys.keys.reserve(rules.size());
        for (std::uint32_t order = 0; order < rules.size(); ++order) {
            conditions_.read(rules[order], table_.family);
            note(conditions_);
            records.push_back(
                records_.make(conditions_, deed(rules[order]), guard(number, order), number, order, rules[order].slot));
            if (!indexed) continue;
            keys.add(order, conditions_.needed, table_.family);
            odd.add(order, conditions_.odd, table_.family);
            alike = alike && conditions_.odd == conditions_.needed;
        }
        if (!indexed) {
            chain.rules = records_.list(records, [](const Record& record) { return record; });
            return chain;
        }
        const auto both = std::launch::async | std::launch::deferred;
        const auto policy = alike || rules.size() < kWorthAThread ? std::launch::deferred : both;
        auto odd_spread = std::async(policy, spread, std::cref(odd), table_.family);
        const IndexStats stats = write_index(out_, records_, chain.index, records, keys, spread(keys, table_.family));
        chain.odd = chain.index;
        if (!alike) write_index(out_, records_, chain.odd, records, odd, odd_spread.get());
        image_.tuples = std::max(image_.tuples, stats.tuples);
        image_.longest_list = std::max(image_.longest_list, stats.longest_list);
        return chain;
    }

    std::optional<std::uint32_t> guard(std::uint32_t number, std::uint32_t order) {
        if (conditions_.complete) return std::nullopt;
        image_.guards.push_back({chains_[number], order, conditions_.taken});
        return static_cast<std::uint32_t>(image_.guards.size() - 1);
    }

    Deed deed(const ir::Rule& rule) {
        if (std::holds_alternative<ir::Accept>(rule.action)) return {XT_DO_ACCEPT};
        if (std::holds_alternative<ir::Drop>(rule.action)) return {XT_DO_DROP};
        if (std::holds_alternative<ir::Return>(rule.action)) return {XT_DO_RETURN};
        if (const auto* jump = std::get_if<ir::Jump>(&rule.action))
            return {jump->is_goto ? XT_DO_GOTO : XT_DO_JUMP, *image_.numbers[jump->chain]};
        const auto* off = std::get_if<ir::HandOff>(&rule.action);
        if (!off) return {XT_DO_CONTINUE};
        return {XT_DO_EFFECT, effect(off->effect),
                ir::ends(off->effect) ? XT_DROP : XT_CONTINUE}; // dropped unless the kernel has a verdict
    }

    std::uint32_t effect(const ir::Effect& effect) {
        std::string text = ir::dump(effect);
        const auto [known, added] = numbers_.try_emplace(text, static_cast<std::uint32_t>(effects_.size()));
        if (added) effects_.push_back({&effect, std::move(text)});
        return known->second;
    }

    // What makes a packet odd.
    void note(const Conditions& conditions) {
        if (conditions.has_protocol) header_.protocols = 1;
        if (!conditions.has_header) return;
        if (conditions.flags & XT_MORE_DROP_ONE) header_.drops_one = 1;
        const bool one = conditions.has_protocol && !(conditions.flags & XT_MORE_NOT_PROTOCOL);
        const auto raise = [&](__u32& bytes, bool concerned) {
            if (concerned) bytes = std::max<__u32>(bytes, conditions.header_bytes);
        };
        raise(header_.tcp_bytes, !one || conditions.protocol == 6);
        raise(header_.udp_bytes, !one || conditions.protocol == 17);
        raise(header_.other_bytes, !one || (conditions.protocol != 6 && conditions.protocol != 17));
    }

    struct Known {
        const ir::Effect* effect;
        std::string text;
    };

    const ir::Table& table_;
    std::span<const Root> roots_;
    std::vector<std::uint32_t> chains_; // by number in the image
    ImageWriter out_;
    RecordMaker records_;
    xt_image_header header_{};
    Conditions conditions_;
    std::vector<Known> effects_;
    std::unordered_map<std::string, std::uint32_t> numbers_; // of the effects, by their text
    Image image_;
};

} // namespace

std::optional<Image> build_image(const ir::Table& table, std::span<const Root> roots,
                                 const std::optional<RoomPlan>& room) {
    return Builder(table, roots).build(room);
}

} // namespace xtbpf::classify
