// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/classify.hpp"

#include "translator/classify/depths.hpp"
#include "translator/classify/index.hpp"
#include "translator/classify/records.hpp"

#include <algorithm>

namespace xtbpf::classify {

namespace {

constexpr std::size_t kFewRules = 6; // to check them all costs no more than to look in an index

class Builder {
  public:
    Builder(const ir::Table& table, std::span<const std::uint32_t> chains, const Knowable& knowable)
        : table_(table), chains_(chains), knowable_(knowable), records_(out_, table.family) {}

    Image build() {
        image_.family = table_.family;
        image_.numbers.resize(table_.chains.size());
        for (std::uint32_t number = 0; number < chains_.size(); ++number)
            image_.numbers[chains_[number]] = number;
        depths_ = pending_jumps(table_, image_.numbers);
        std::size_t rules = 0;
        for (std::uint32_t chain : chains_)
            rules += table_.chains[chain].rules.size();
        out_.expect(4096 + rules * (table_.family == Family::V4 ? 64 : 96));

        out_.reserve(sizeof(xt_image_header), 64);
        if (table_.family == Family::V6) write_masks();
        header_.chain_count = static_cast<__u32>(chains_.size());
        header_.chains = out_.reserve(chains_.size() * sizeof(xt_image_chain), 16);
        for (std::uint32_t number = 0; number < chains_.size(); ++number)
            out_.write(header_.chains + number * static_cast<__u32>(sizeof(xt_image_chain)), chain(number));
        out_.reserve(XT_IMAGE_SLACK, 64);
        header_.bytes = static_cast<__u32>(out_.size());
        out_.write(0, header_);
        image_.bytes = std::move(out_).take();
        return std::move(image_);
    }

  private:
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

    xt_image_chain chain(std::uint32_t number) {
        const std::vector<ir::Rule>& rules = table_.chains[chains_[number]].rules;
        xt_image_chain chain{};
        chain.count = static_cast<__u32>(rules.size());
        if (rules.empty()) return chain;
        const bool indexed = rules.size() > kFewRules;
        std::vector<Record> records;
        records.reserve(rules.size());
        KeySet keys;
        if (indexed) keys.keys.reserve(rules.size());
        for (std::uint32_t order = 0; order < rules.size(); ++order) {
            conditions_.read(rules[order], table_.family, knowable_);
            note(conditions_);
            records.push_back(
                records_.make(conditions_, deed(rules[order], number, order), number, order, rules[order].slot));
            if (indexed) keys.add(order, conditions_.needed, table_.family);
        }
        if (!indexed) {
            chain.rules = records_.list(records, [](const Record& record) { return record; });
            return chain;
        }
        const IndexStats stats = write_index(out_, records_, chain, records, keys);
        image_.tuples = std::max(image_.tuples, stats.tuples);
        image_.longest_list = std::max(image_.longest_list, stats.longest_list);
        return chain;
    }

    Deed deed(const ir::Rule& rule, std::uint32_t number, std::uint32_t order) {
        if (conditions_.unknown) return {XT_DO_DEFER};
        if (conditions_.complete) {
            if (std::holds_alternative<ir::Continue>(rule.action)) return {XT_DO_CONTINUE};
            if (std::holds_alternative<ir::Accept>(rule.action)) return {XT_DO_ACCEPT};
            if (std::holds_alternative<ir::Drop>(rule.action)) return {XT_DO_DROP};
            if (std::holds_alternative<ir::Return>(rule.action)) return {XT_DO_RETURN};
            if (const auto* jump = std::get_if<ir::Jump>(&rule.action)) {
                const auto target = image_.numbers[jump->chain];
                if (target && jump->is_goto) return {XT_DO_GOTO, *target};
                if (target && depths_[number] < XT_WALK_DEPTH) return {XT_DO_JUMP, *target};
            }
        }
        image_.guards.push_back({chains_[number], order});
        return {XT_DO_GUARD, static_cast<std::uint32_t>(image_.guards.size() - 1)};
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

    const ir::Table& table_;
    std::span<const std::uint32_t> chains_;
    const Knowable& knowable_;
    ImageWriter out_;
    RecordMaker records_;
    xt_image_header header_{};
    Conditions conditions_;
    std::vector<std::uint32_t> depths_; // by number in the image
    Image image_;
};

} // namespace

Image build_image(const ir::Table& table, std::span<const std::uint32_t> chains, const Knowable& knowable) {
    return Builder(table, chains, knowable).build();
}

} // namespace xtbpf::classify
