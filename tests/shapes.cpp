// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/shapes.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

namespace xtbpf::testing {

namespace {

constexpr std::uint32_t kForward = 1; // index of the chain
constexpr std::array<std::uint16_t, 16> kServices{80,  443,  22,   53,   25,  110, 143, 993,
                                                  995, 3306, 5432, 8080, 123, 161, 389, 21};

struct Net {
    ir::Words value{};
    unsigned bits = 0;
};

ir::Words mask_of(unsigned bits) {
    ir::Words mask{};
    for (unsigned word = 0; word < 4; ++word) {
        const unsigned here = bits > 32 * word ? std::min(bits - 32 * word, 32U) : 0;
        mask[word] = here == 0 ? 0 : ~0U << (32 - here);
    }
    return mask;
}

Net cut(const ir::Words& address, unsigned bits) {
    const ir::Words mask = mask_of(bits);
    Net net{address, bits};
    for (std::size_t word = 0; word < 4; ++word)
        net.value[word] &= mask[word];
    return net;
}

class Maker {
  public:
    Maker(RuleShape shape, Family family, std::uint32_t rules, std::uint64_t seed, unsigned guards)
        : random_(seed), family_(family), count_(rules), guards_(guards) {
        table_.family = family;
        for (Hook hook : hooks_of(TableId::Filter))
            table_.chains.push_back({std::string(xtbpf::name(hook)), ir::Builtin{hook, true, slot_++}, {}});
        for (std::uint32_t site = 0; site < std::max(rules / 40, 4U); ++site)
            sites_.push_back({random_.word(), random_.word(), random_.word(), random_.word()});
        make(shape);
    }

    ir::Table take() { return std::move(table_); }

  private:
    void make(RuleShape shape) {
        if (guards_ != 0) table_.chains.push_back({"SIDE", {}, {rule({tcp_port(22)}, ir::Continue{})}});
        switch (shape) {
        case RuleShape::SourcePorts:
            while (forward().size() < count_) {
                auto predicates = tcp_port(static_cast<std::uint16_t>(random_.between(1, 65535)));
                predicates.insert(predicates.begin(), address(ir::AddressField::Source, cut(host(), width())));
                add(std::move(predicates), drop());
            }
            break;
        case RuleShape::Hosts:
            while (forward().size() < count_)
                add({address(ir::AddressField::Source, cut(host(), width()))}, drop());
            break;
        case RuleShape::Networks: networks(); break;
        case RuleShape::AccessList:
        case RuleShape::Firewall:
        case RuleShape::Chains: general(shape); break;
        case RuleShape::Dispatch:
        case RuleShape::PortDispatch: dispatch(shape); break;
        case RuleShape::Pairs:
            while (forward().size() < count_) {
                const Net source = cut(host(), width());
                const std::uint32_t mac = random_.word();
                add({address(ir::AddressField::Source, source), field(ir::Field::MacValid, 1, 1),
                     field(ir::Field::MacSourceHigh, 0x0200, 0x0200), field(ir::Field::MacSourceLow, mac, mac)},
                    ir::Return{});
                if (forward().size() < count_) add({address(ir::AddressField::Source, source)}, drop());
            }
            break;
        }
    }

    // All lengths, a third inside another of the list.
    void networks() {
        const unsigned shortest = family_ == Family::V4 ? 9 : 24, longest = family_ == Family::V4 ? 32 : 64;
        std::vector<Net> nets;
        while (forward().size() < count_) {
            ir::Words at = random_address();
            unsigned bits =
                random_.percent(60) ? random_.between(longest - 8, longest) : random_.between(shortest + 3, longest);
            if (!nets.empty() && random_.percent(34)) {
                const Net& outer = nets[random_.below(nets.size())];
                if (outer.bits == longest) continue;
                at = inside(outer);
                bits = random_.between(outer.bits + 1, longest);
            }
            nets.push_back(cut(at, bits));
            add({address(ir::AddressField::Source, nets.back())}, drop());
        }
    }

    void general(RuleShape shape) {
        std::set<std::tuple<ir::Words, unsigned, ir::Words, unsigned, int, std::uint32_t, std::uint32_t>> known;
        for (std::uint32_t tries = 0; forward().size() < count_ && tries < 20 * count_; ++tries) {
            const Net source = net(shape, true), destination = net(shape, false);
            if (source.bits == 0 && destination.bits == 0 && forward().size() * 50 > count_ && random_.percent(95))
                continue;
            const int protocol = random_.percent(70) ? 6 : random_.percent(60) ? 17 : random_.percent(50) ? 1 : 0;
            ir::Range sport{0, 0xffff}, dport{0, 0xffff};
            if (protocol == 6 || protocol == 17) {
                if (shape != RuleShape::AccessList && random_.percent(25)) sport = ports(shape);
                if (random_.percent(shape == RuleShape::AccessList ? 85 : 65)) dport = ports(shape);
            }
            if (!known
                     .emplace(source.value, source.bits, destination.value, destination.bits, protocol,
                              sport.low << 16 | sport.high, dport.low << 16 | dport.high)
                     .second)
                continue;
            std::vector<ir::Predicate> predicates;
            if (source.bits) predicates.push_back(address(ir::AddressField::Source, source));
            if (destination.bits) predicates.push_back(address(ir::AddressField::Destination, destination));
            if (protocol) predicates.push_back(ir::ProtocolTest{static_cast<std::uint8_t>(protocol)});
            if (sport.low != 0 || sport.high != 0xffff || dport.low != 0 || dport.high != 0xffff) {
                predicates.push_back(protocol == 6 ? ir::HeaderTest{20, true} : ir::HeaderTest{8});
                if (sport.low != 0 || sport.high != 0xffff)
                    predicates.push_back(field(ir::Field::SourcePort, sport.low, sport.high));
                if (dport.low != 0 || dport.high != 0xffff)
                    predicates.push_back(field(ir::Field::DestinationPort, dport.low, dport.high));
            }
            add(std::move(predicates), random_.percent(60) ? ir::Action{ir::Accept{}} : ir::Action{ir::Drop{}});
        }
    }

    void dispatch(RuleShape shape) {
        const std::uint32_t chains = std::max(count_ / 4, 1U);
        for (std::uint32_t at = 0; at < chains; ++at) {
            const auto chain = static_cast<std::uint32_t>(table_.chains.size());
            ir::Chain user{"SVC" + std::to_string(at), {}, {}};
            user.rules.push_back(rule({address(ir::AddressField::Source, cut(random_address(), 24))}, ir::Drop{}));
            user.rules.push_back(rule({field(ir::Field::Mark, 1, 1)}, ir::Return{}));
            user.rules.push_back(rule({}, ir::Accept{}));
            table_.chains.push_back(std::move(user));
            std::vector<ir::Predicate> predicates;
            if (shape == RuleShape::Dispatch)
                predicates.push_back(address(ir::AddressField::Destination, cut(host(), width())));
            const auto port =
                static_cast<std::uint16_t>(shape == RuleShape::Dispatch ? random_.pick(kServices) : 1024 + at % 64000);
            std::ranges::move(tcp_port(port), std::back_inserter(predicates));
            add(std::move(predicates), ir::Jump{chain, false});
        }
    }

    Net net(RuleShape shape, bool source) {
        const unsigned most = width();
        const unsigned wild = shape == RuleShape::AccessList ? (source ? 35 : 5)
                              : shape == RuleShape::Firewall ? (source ? 30 : 25)
                                                             : 12;
        if (random_.percent(wild)) return {};
        unsigned bits = most;
        const std::uint32_t die = random_.below(100);
        if (shape == RuleShape::AccessList)
            bits = die < 55 ? most : die < 75 ? quarter(3) : random_.between(quarter(2), most);
        else if (shape == RuleShape::Firewall)
            bits = die < 60 ? most : die < 80 ? quarter(3) : die < 95 ? random_.between(quarter(2), most) : quarter(1);
        else
            bits = die < 40 ? most : die < 60 ? quarter(3) : random_.between(quarter(1), most);
        return cut(host(), bits);
    }

    unsigned quarter(unsigned quarters) const { return family_ == Family::V4 ? 8 * quarters : 16 * (quarters + 1); }

    ir::Range ports(RuleShape shape) {
        const std::uint32_t die = random_.below(100);
        const std::uint32_t exact = random_.percent(60) ? random_.pick(kServices) : random_.between(1, 65535);
        if (die < (shape == RuleShape::Firewall ? 55U : 75U)) return {exact, exact};
        if (die < 85) return {1024, 65535};
        if (die < 92) return {0, 1023};
        const std::uint32_t low = random_.between(1, 60000);
        return {low, low + random_.between(1, 2000)};
    }

    ir::Words random_address() {
        ir::Words words{random_.word(), random_.word(), random_.word(), random_.word()};
        if (family_ == Family::V4) words[1] = words[2] = words[3] = 0;
        if (family_ == Family::V6) words[0] = 0x20000000 | words[0] >> 4;
        return words;
    }

    // An address near others of the ruleset: a site, one of its networks, a host there.
    ir::Words host() {
        ir::Words words = sites_[random_.below(sites_.size())];
        if (family_ == Family::V4) {
            words = {(words[0] & 0xffff0000) | random_.below(16) << 8 | random_.below(256), 0, 0, 0};
            if (random_.percent(50)) words[0] = random_.word();
        } else {
            words[0] = 0x20000000 | words[0] >> 4;
            words[1] = (words[1] & 0xffff0000) | random_.below(16);
            words[2] = random_.percent(50) ? 0 : random_.word();
            words[3] = random_.percent(50) ? random_.below(256) : random_.word();
        }
        return words;
    }

    ir::Words inside(const Net& net) {
        const ir::Words mask = mask_of(net.bits), other = random_address();
        ir::Words words{};
        for (std::size_t word = 0; word < 4; ++word)
            words[word] = net.value[word] | (other[word] & ~mask[word]);
        return words;
    }

    unsigned width() const { return family_ == Family::V4 ? 32 : 128; }

    static ir::Predicate address(ir::AddressField which, const Net& net) {
        return ir::AddressTest{.field = which, .value = net.value, .mask = mask_of(net.bits)};
    }
    static ir::Predicate field(ir::Field which, std::uint32_t low, std::uint32_t high) {
        return ir::FieldTest{.field = which, .ranges = {{low, high}}};
    }
    static std::vector<ir::Predicate> tcp_port(std::uint16_t port) {
        return {ir::ProtocolTest{6}, ir::HeaderTest{20, true}, field(ir::Field::DestinationPort, port, port)};
    }
    static ir::Action drop() { return ir::Drop{}; }

    ir::Rule rule(std::vector<ir::Predicate> predicates, ir::Action action) {
        return {std::move(predicates), std::move(action), slot_++};
    }

    void add(std::vector<ir::Predicate> predicates, ir::Action action) {
        if (random_.below(1000) < guards_) predicates.push_back(ir::LimitTest{100, 5, state_++});
        if (random_.below(1000) < guards_) action = ir::Continue{};
        if (random_.below(1000) < guards_) action = ir::Return{};
        if (random_.below(1000) < guards_)
            action = ir::Jump{static_cast<std::uint32_t>(hooks_of(TableId::Filter).size()), random_.percent(30)};
        if (random_.below(1000) < guards_ && !predicates.empty()) predicates.erase(predicates.begin());
        forward().push_back(rule(std::move(predicates), std::move(action)));
    }

    std::vector<ir::Rule>& forward() { return table_.chains[kForward].rules; }

    Random random_;
    Family family_;
    std::uint32_t count_;
    unsigned guards_;
    ir::Table table_;
    std::vector<ir::Words> sites_;
    ir::Slot slot_ = 0;
    std::uint32_t state_ = 0;
};

// Makes the packet what a predicate wants.
struct Aim {
    Random& random;
    xt_view& view;

    void operator()(const ir::AddressTest& test) const {
        std::uint32_t* words = test.field == ir::AddressField::Source ? view.saddr : view.daddr;
        for (std::size_t word = 0; word < 4; ++word)
            words[word] = test.value[word] | (words[word] & ~test.mask[word]);
    }
    void operator()(const ir::FieldTest& test) const {
        const ir::Range& range = random.pick(test.ranges);
        ir::write(view, test.field, random.between(range.low, range.high));
    }
    void operator()(const ir::ProtocolTest& test) const { view.proto = test.protocol; }
    template <typename Other> void operator()(const Other&) const {}
};

} // namespace

std::string_view name(RuleShape shape) {
    switch (shape) {
    case RuleShape::SourcePorts: return "source+port";
    case RuleShape::Hosts: return "hosts";
    case RuleShape::Networks: return "networks";
    case RuleShape::AccessList: return "acl";
    case RuleShape::Firewall: return "fw";
    case RuleShape::Chains: return "ipc";
    case RuleShape::Dispatch: return "dispatch";
    case RuleShape::PortDispatch: return "port-dispatch";
    case RuleShape::Pairs: return "pairs";
    }
    return "";
}

ir::Table shaped_table(RuleShape shape, Family family, std::uint32_t rules, std::uint64_t seed, unsigned guards) {
    return Maker(shape, family, rules, seed, guards).take();
}

xt_view shaped_packet(Random& random, const ir::Table& table, bool miss) {
    xt_view view{};
    const std::vector<ir::Rule>& rules = table.chains[kForward].rules;
    for (std::size_t word = 0; word < (table.family == Family::V4 ? 1U : 4U); ++word) {
        view.saddr[word] = random.word();
        view.daddr[word] = random.word();
    }
    view.proto = random.percent(60) ? 6 : random.percent(70) ? 17 : table.family == Family::V4 ? 1 : 58;
    view.sport = static_cast<__u16>(random.between(1024, 65535));
    view.dport = random.percent(70) ? random.pick(kServices) : static_cast<__u16>(random.word());
    view.l4_avail = 100;
    view.len = 120;
    view.mac_valid = 1;
    if (miss || rules.empty()) return view;
    const Aim aim{random, view};
    const ir::Rule& rule = rules[random.below(rules.size())];
    const std::size_t off = random.percent(30) ? random.below(rule.predicates.size() + 1) : ~std::size_t{0};
    for (std::size_t at = 0; at < rule.predicates.size(); ++at)
        if (at != off) std::visit(aim, rule.predicates[at]);
    if (off == ~std::size_t{0}) return view;
    const std::uint32_t die = random.below(4); // next to it
    if (die == 0) view.saddr[table.family == Family::V4 ? 0 : 3] ^= 1U << random.below(16);
    if (die == 1) view.daddr[table.family == Family::V4 ? 0 : 3] ^= 1U << random.below(16);
    if (die == 2) view.dport ^= 1;
    return view;
}

} // namespace xtbpf::testing
