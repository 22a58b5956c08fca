// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/random_ir.hpp"

#include "tests/random_pools.hpp"

#include <algorithm>
#include <string_view>

namespace xtbpf::testing {

namespace {

ir::Words random_address(Random& random, Family family) {
    ir::Words words{};
    if (family == Family::V4)
        words[0] = random.pick(kAddresses4);
    else
        words = random.pick(kAddresses6);
    return words;
}

// Mostly prefixes, sometimes any bits.
ir::Words random_mask(Random& random, Family family) {
    ir::Words mask{};
    const std::uint32_t words = family == Family::V4 ? 1 : 4;
    if (random.percent(10)) {
        for (std::uint32_t at = 0; at < words; ++at)
            mask[at] = random.word() & random.word();
        return mask;
    }
    std::uint32_t ones = random.percent(40) ? words * 32 : random.below(words * 32 + 1);
    for (std::uint32_t at = 0; at < words; ++at) {
        const std::uint32_t here = std::min(ones, 32U);
        mask[at] = here == 0 ? 0 : ~0U << (32 - here);
        ones -= here;
    }
    return mask;
}

ir::FieldTest random_field_test(Random& random, ir::Field field) {
    ir::FieldTest test{.field = field, .ranges = {}, .gate = {}};
    const std::uint32_t most = largest(field);
    if (random.percent(20)) test.mask = random.percent(50) ? random.word() & most : random.below(256);
    const std::uint32_t count = random.percent(75)   ? 1
                                : random.percent(80) ? random.between(2, 4)
                                                     : random.between(5, 16);
    for (std::uint32_t at = 0; at < count; ++at) {
        const std::uint32_t one = random_value(random, field), other = random_value(random, field);
        if (random.percent(60))
            test.ranges.push_back({one & test.mask, one & test.mask});
        else
            test.ranges.push_back({std::min(one, other), std::max(one, other)});
    }
    test.invert = random.percent(25);
    const bool conntrack = field >= ir::Field::CtStatus;
    const bool owner = field == ir::Field::Uid || field == ir::Field::Gid;
    if ((conntrack && random.percent(70)) || random.percent(3))
        test.gate = {ir::Field::CtPresent, 1, random.percent(30)};
    if (owner && random.percent(70)) test.gate = {ir::Field::Owner, random.between(1, 2), random.percent(30)};
    return test;
}

ir::InterfaceTest random_interface_test(Random& random) {
    ir::InterfaceTest test{.direction = random.percent(50) ? ir::Direction::In : ir::Direction::Out};
    const std::string_view name = random.pick(kInterfaces);
    const bool prefix = random.percent(30);
    const std::size_t length = prefix ? random.below(name.size() + 1) : name.size();
    std::copy_n(name.begin(), length, test.name.begin());
    std::fill_n(test.mask.begin(), prefix ? length : length + 1, std::uint8_t{0xff});
    test.invert = random.percent(25);
    return test;
}

ir::AddressTest random_address_test(Random& random, Family family, ir::AddressField field) {
    ir::AddressTest test{
        .field = field, .value = random_address(random, family), .mask = random_mask(random, family), .gate = {}};
    for (std::size_t at = 0; at < test.value.size(); ++at)
        test.value[at] &= test.mask[at];
    test.invert = random.percent(25);
    if (field >= ir::AddressField::CtOrigSource && random.percent(80))
        test.gate = {ir::Field::CtPresent, 1, random.percent(20)};
    return test;
}

ir::AddressRange random_address_range(Random& random, Family family) {
    ir::Words one = random_address(random, family), other = random_address(random, family);
    if (random.percent(40)) other = one;
    if (random.percent(40)) other[family == Family::V4 ? 0 : 3] += random.below(300);
    if (other < one) std::swap(one, other);
    return {random.percent(50) ? ir::AddressField::Source : ir::AddressField::Destination, one, other,
            random.percent(25)};
}

// Fills a table's chains, counting slots and states as it goes.
class TableMaker {
  public:
    TableMaker(Random& random, const TableShape& shape, ir::Table& table)
        : random_(random), shape_(shape), table_(table) {}

    void make() {
        for (Hook hook : hooks_of(table_.id))
            table_.chains.push_back({std::string(name(hook)), ir::Builtin{hook, random_.percent(60), slot_++}, {}});
        first_user_ = static_cast<std::uint32_t>(table_.chains.size());
        for (std::uint32_t at = 0; at < shape_.user_chains; ++at)
            table_.chains.push_back({"c" + std::to_string(at), {}, {}});
        for (std::uint32_t at = 0; at < table_.chains.size(); ++at)
            fill(at);
    }

  private:
    void fill(std::uint32_t chain) {
        std::vector<ir::Rule>& rules = table_.chains[chain].rules;
        const std::uint32_t count = random_.below(shape_.rules + 1);
        for (std::uint32_t at = 0; at < count; ++at)
            rules.push_back(rule(chain));
        if (random_.percent(30)) run(chain);
        const std::uint32_t next = std::max(chain + 1, first_user_);
        if (!shape_.deep || next >= table_.chains.size()) return;
        rules.push_back({{}, ir::Jump{next, random_.percent(10)}, slot_++});
        std::rotate(rules.begin() + random_.below(rules.size()), rules.end() - 1, rules.end());
    }

    // Rules that each want one value of the same field, some the same, some more; behind a common prefix at times.
    void run(std::uint32_t chain) {
        std::vector<ir::Rule>& rules = table_.chains[chain].rules;
        const bool address = random_.percent(60);
        const ir::AddressField where = random_.percent(50) ? ir::AddressField::Source : ir::AddressField::Destination;
        std::vector<ir::Predicate> prefix;
        if (!address || random_.percent(20)) prefix = {ir::ProtocolTest{6}, ir::HeaderTest{20, true}};
        const std::uint32_t count = 8 + random_.below(shape_.rules + 30);
        for (std::uint32_t at = 0; at < count; ++at) {
            ir::Rule made = rule(chain);
            std::vector<ir::Predicate> predicates = prefix;
            predicates.push_back(address ? host(where) : port());
            if (random_.percent(70)) made.predicates.clear();
            made.predicates.insert(made.predicates.begin(), predicates.begin(), predicates.end());
            rules.push_back(std::move(made));
        }
    }

    ir::Predicate host(ir::AddressField field) {
        ir::AddressTest test{.field = field, .value = random_address(random_, table_.family), .mask = {}, .gate = {}};
        const std::size_t words = table_.family == Family::V4 ? 1 : 4;
        std::fill_n(test.mask.begin(), words, ~0U);
        test.value[words - 1] += random_.percent(50) ? random_.below(2000) : 0;
        return test;
    }

    ir::Predicate port() {
        const std::uint32_t value = random_.below(random_.percent(50) ? 100 : 65536);
        return ir::FieldTest{.field = ir::Field::DestinationPort, .ranges = {{value, value}}};
    }

    ir::Rule rule(std::uint32_t chain) {
        ir::Rule made{{}, action(chain), slot_++};
        const bool jump = std::holds_alternative<ir::Jump>(made.action);
        std::uint32_t count = random_.below(shape_.predicates + 1);
        if (count == 0 && !jump && random_.percent(80)) count = 1; // else a chain's end would seldom be reached
        for (std::uint32_t at = 0; at < count; ++at)
            made.predicates.push_back(predicate());
        return made;
    }

    ir::Predicate predicate() {
        if (shape_.limits && random_.percent(3))
            return ir::LimitTest{random_.between(1, 20000), random_.between(1, 20), state_++};
        if (shape_.kernel_matches && kernel_matches_ < 8 && random_.percent(3))
            return ir::KernelMatch{"addrtype", 1, {std::uint8_t(++kernel_matches_), 0, 0, 0, 0, 0, 0, 0}};
        return random_predicate(random_, table_.family);
    }

    ir::Action action(std::uint32_t chain) {
        const std::uint32_t next = std::max(chain + 1, first_user_);
        const auto end = static_cast<std::uint32_t>(table_.chains.size());
        if (next < end && random_.percent(35)) return ir::Jump{random_.between(next, end - 1), random_.percent(25)};
        if (shape_.effects && random_.percent(10)) return reject();
        if (shape_.effects && random_.percent(10))
            return ir::HandOff{ir::LogEffect{std::string(random_.pick(kPrefixes)), 4, 0}};
        switch (random_.below(4)) {
        case 0: return ir::Accept{};
        case 1: return ir::Drop{};
        case 2: return ir::Return{};
        default: return ir::Continue{};
        }
    }

    ir::Action reject() {
        if (random_.percent(30)) return ir::HandOff{ir::RejectEffect{true, 0}};
        return ir::HandOff{ir::RejectEffect{false, static_cast<std::uint8_t>(random_.between(0, 3))}};
    }

    Random& random_;
    const TableShape& shape_;
    ir::Table& table_;
    std::uint32_t first_user_ = 0;
    ir::Slot slot_ = 0;
    std::uint32_t state_ = 0;
    unsigned kernel_matches_ = 0;
};

} // namespace

ir::Predicate random_predicate(Random& random, Family family) {
    if (random.percent(15)) return random_bytes_predicate(random, family);
    const std::uint32_t die = random.below(100);
    if (die < 40) return random_field_test(random, static_cast<ir::Field>(random.below(ir::kFields)));
    if (die < 45)
        return random_field_test(random, random.percent(50) ? ir::Field::SourcePort : ir::Field::DestinationPort);
    if (die < 60) {
        const std::uint32_t field = random.percent(75) ? random.below(2) : random.below(6);
        return random_address_test(random, family, static_cast<ir::AddressField>(field));
    }
    if (die < 66) return random_address_range(random, family);
    if (die < 74) return random_interface_test(random);
    if (die < 86) return ir::ProtocolTest{random.pick(kProtocols), random.percent(20)};
    if (die < 92) return ir::HeaderTest{random.pick(kHeaderSizes), random.percent(40)};
    if (die < 95) return ir::TcpOptionTest{random.pick(kTcpOptions), random.percent(30)};
    ir::AnyOf any{{}, random.percent(25)};
    const std::uint32_t count = random.between(1, 4);
    for (std::uint32_t at = 0; at < count; ++at)
        any.tests.push_back(random_field_test(random, static_cast<ir::Field>(random.below(ir::kFields))));
    return any;
}

ir::Table random_table(Random& random, Family family, TableId id, const TableShape& shape) {
    ir::Table table{family, id, {}};
    TableMaker(random, shape, table).make();
    return table;
}

} // namespace xtbpf::testing
