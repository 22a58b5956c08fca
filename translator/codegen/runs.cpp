// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/codegen/runs.hpp"

#include "translator/codegen/predicates.hpp"

#include <algorithm>

namespace xtbpf::codegen {

namespace {

// A number in the view that a predicate compares with one value.
struct Wanted {
    std::int16_t offset;
    std::uint8_t size;
    std::uint32_t value;
    bool complete; // it is all that the predicate asks
};

std::optional<Wanted> wanted(const ir::Predicate& predicate, std::size_t word) {
    if (const auto* field = std::get_if<ir::FieldTest>(&predicate)) {
        const ir::FieldLayout& where = ir::layout(field->field);
        if (ir::is_lazy(field->field) || field->gate || field->invert || field->mask != ~0U ||
            field->ranges.size() != 1 || field->ranges[0].low != field->ranges[0].high)
            return std::nullopt;
        return Wanted{static_cast<std::int16_t>(where.offset), where.size, field->ranges[0].low, true};
    }
    const auto* address = std::get_if<ir::AddressTest>(&predicate);
    if (!address || address->gate || address->invert || address->mask[word] != ~0U) return std::nullopt;
    const auto masked = std::ranges::count_if(address->mask, [](std::uint32_t mask) { return mask != 0; });
    return Wanted{static_cast<std::int16_t>(ir::layout(address->field).offset + 4 * word), 4, address->value[word],
                  masked == 1};
}

// Predicates whose repetition changes nothing; they may drop the packet, though.
bool repeatable(const ir::Predicate& predicate) {
    return std::holds_alternative<ir::FieldTest>(predicate) || std::holds_alternative<ir::AnyOf>(predicate) ||
           std::holds_alternative<ir::AddressTest>(predicate) || std::holds_alternative<ir::AddressRange>(predicate) ||
           std::holds_alternative<ir::InterfaceTest>(predicate) ||
           std::holds_alternative<ir::ProtocolTest>(predicate) || std::holds_alternative<ir::HeaderTest>(predicate);
}

class Finder {
  public:
    Finder(std::span<const ir::Rule> rules, Family family, const Knowable& knowable)
        : rules_(rules), family_(family), knowable_(knowable) {}

    // The longest run on a test of the first rule, looking at this word of addresses.
    void look(std::size_t word) {
        if (rules_.empty()) return;
        const std::vector<ir::Predicate>& first = rules_[0].predicates;
        bool pure = true;
        for (std::size_t at = 0; at < first.size(); ++at) {
            if (knowable_ && !knowable_(first[at])) return;
            if (const auto want = wanted(first[at], word)) collect(*want, pure ? 0 : at, word);
            pure &= PredicateWriter::is_pure(first[at], family_);
            if (!repeatable(first[at])) return;
        }
    }

    std::optional<Run> best() && {
        if (best_.rules < kShortestRun) return std::nullopt;
        std::ranges::stable_sort(best_.members, {}, &Run::Member::value);
        return std::move(best_);
    }

  private:
    // prefix 0: the test may stand anywhere among a rule's leading pure predicates; else right behind the common prefix.
    void collect(const Wanted& like, std::size_t prefix, std::size_t word) {
        Run run{.prefix = prefix, .offset = like.offset, .size = like.size, .members = {}};
        for (const ir::Rule& rule : rules_) {
            const auto member = prefix == 0 ? anywhere(rule, like, word) : behind_prefix(rule, like, prefix, word);
            if (!member) break;
            run.members.push_back(*member);
        }
        run.rules = run.members.size();
        if (run.rules > best_.rules) best_ = std::move(run);
    }

    std::optional<Run::Member> member(const ir::Rule& rule, const ir::Predicate& predicate, const Wanted& like,
                                      std::size_t word) const {
        const auto want = wanted(predicate, word);
        if (!want || want->offset != like.offset || (knowable_ && !knowable_(predicate))) return std::nullopt;
        return Run::Member{want->value, &rule, want->complete ? &predicate : nullptr};
    }

    std::optional<Run::Member> anywhere(const ir::Rule& rule, const Wanted& like, std::size_t word) const {
        for (const ir::Predicate& predicate : rule.predicates) {
            if (const auto found = member(rule, predicate, like, word)) return found;
            if (!PredicateWriter::is_pure(predicate, family_)) return std::nullopt;
        }
        return std::nullopt;
    }

    std::optional<Run::Member> behind_prefix(const ir::Rule& rule, const Wanted& like, std::size_t prefix,
                                             std::size_t word) const {
        const std::vector<ir::Predicate>& first = rules_[0].predicates;
        if (rule.predicates.size() <= prefix ||
            !std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(prefix), rule.predicates.begin()))
            return std::nullopt;
        return member(rule, rule.predicates[prefix], like, word);
    }

    std::span<const ir::Rule> rules_;
    Family family_;
    const Knowable& knowable_;
    Run best_;
};

} // namespace

std::optional<Run> leading_run(std::span<const ir::Rule> rules, Family family, const Knowable& knowable) {
    Finder finder(rules, family, knowable);
    // An IPv6 address is told apart by its last word, or by its second where networks are listed.
    for (const std::size_t word : family == Family::V4 ? std::vector<std::size_t>{0} : std::vector<std::size_t>{3, 1})
        finder.look(word);
    return std::move(finder).best();
}

} // namespace xtbpf::codegen
