// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/conditions.hpp"

#include "translator/classify/field_uses.hpp"
#include "translator/classify/tests.hpp"

#include <algorithm>
#include <bit>
#include <optional>

namespace xtbpf::classify {

namespace {

constexpr std::size_t kMostTests = 200; // of a rule; their number fits a byte

// How far the predicates have come: the order matters to packets that one of them drops (xt_walk_check).
enum Stage : std::uint8_t { BeforeProtocol, BeforeHeader, Last };

std::optional<std::uint8_t> prefix_bits(const ir::Words& mask) {
    unsigned bits = 0;
    for (std::uint32_t word : mask)
        bits += static_cast<unsigned>(std::countl_one(word));
    for (unsigned word = 0; word < mask.size(); ++word) {
        const unsigned here = bits > 32 * word ? std::min(bits - 32 * word, 32U) : 0;
        if (mask[word] != (here == 0 ? 0 : ~0U << (32 - here))) return std::nullopt;
    }
    return static_cast<std::uint8_t>(bits);
}

// The longest prefix that holds both.
Prefix common_prefix(const ir::Words& low, const ir::Words& high) {
    Prefix prefix;
    for (std::size_t word = 0; word < low.size(); ++word) {
        const unsigned same = static_cast<unsigned>(std::countl_zero(low[word] ^ high[word]));
        prefix.bits = static_cast<std::uint8_t>(prefix.bits + same);
        prefix.value[word] = same == 0 ? 0 : low[word] & (~0U << (32 - same));
        if (same < 32) break;
    }
    return prefix;
}

// Whether a predicate from `from` on may drop the packet; the ports of a record are compared last.
bool may_drop_later(const ir::Rule& rule, std::size_t from) {
    for (std::size_t at = from; at < rule.predicates.size(); ++at)
        if (std::holds_alternative<ir::HeaderTest>(rule.predicates[at]) ||
            std::holds_alternative<ir::ProtocolTest>(rule.predicates[at]))
            return true;
    return false;
}

class Reader {
  public:
    Reader(Conditions& out, const ir::Rule& rule, Family family) : out_(out), rule_(rule), family_(family) {}

    // Whether the image can hold it.
    bool take(const ir::Predicate& predicate, std::size_t index) {
        index_ = index;
        const std::size_t before = out_.tests.size();
        if (std::visit([this](const auto& one) { return add(one); }, predicate) && out_.tests.size() <= kMostTests) {
            for (std::size_t stage = stage_; stage < out_.stages.size(); ++stage)
                out_.stages[stage] = static_cast<std::uint8_t>(out_.tests.size());
            return true;
        }
        out_.tests.resize(before);
        return false;
    }

    void finish() { may_drop(); }

  private:
    bool add(const ir::AddressTest& test) {
        const bool source = test.field == ir::AddressField::Source;
        const auto bits = prefix_bits(test.mask);
        if ((source || test.field == ir::AddressField::Destination) && !test.gate && bits) {
            Prefix& needed = source ? out_.needed.source : out_.needed.destination;
            if (!test.invert && *bits > needed.bits) needed = {test.value, *bits};
            bool& taken = source ? source_ : destination_;
            if (stage_ == BeforeProtocol && !taken) {
                taken = true;
                (source ? out_.source : out_.destination) = {test.value, *bits};
                if (test.invert) flag(source ? XT_MORE_NOT_SOURCE : XT_MORE_NOT_DESTINATION);
                return true;
            }
        }
        return append(out_.tests, test, family_);
    }

    bool add(const ir::AddressRange& range) {
        const bool source = range.field == ir::AddressField::Source;
        if (source || range.field == ir::AddressField::Destination) {
            const Prefix cover = common_prefix(range.low, range.high);
            Prefix& needed = source ? out_.needed.source : out_.needed.destination;
            if (!range.invert && range.low <= range.high && family_ == Family::V4 && cover.bits > needed.bits)
                needed = {cover.value, std::min<std::uint8_t>(cover.bits, 32)};
        }
        return append(out_.tests, range, family_);
    }

    bool add(const ir::InterfaceTest& test) {
        if (is_whole_name(test) && rank(out_.needed.extra) < 1)
            out_.needed.extra = {
                test.direction == ir::Direction::In ? XT_EXTRA_IN : XT_EXTRA_OUT, {}, xt_name_key(test.name.data())};
        append(out_.tests, test);
        return true;
    }

    // ip6_packet_match drops where no transport header was found; ip_packet_match only compares.
    bool add(const ir::ProtocolTest& test) {
        if (family_ == Family::V6) may_drop();
        if (!out_.has_protocol && stage_ == BeforeProtocol) {
            out_.has_protocol = true;
            out_.protocol = test.protocol;
            if (test.invert) flag(XT_MORE_NOT_PROTOCOL);
            note(test);
            stage_ = BeforeHeader;
            return true;
        }
        if (family_ == Family::V6 && !out_.has_protocol) return false;
        note(test);
        append(out_.tests, single(ir::Field::Proto, test.protocol, test.invert));
        return true;
    }

    bool add(const ir::HeaderTest& test) {
        if (out_.has_header) return test.bytes <= out_.header_bytes; // then it holds
        may_drop();
        if (test.bytes > 20) return false;
        out_.has_header = true;
        out_.header_bytes = static_cast<std::uint8_t>(test.bytes);
        if (test.drop_offset_one) flag(XT_MORE_DROP_ONE);
        stage_ = Last;
        return true;
    }

    bool add(const ir::FieldTest& test) {
        if (ir::is_lazy(test.field) || (test.gate && ir::is_lazy(test.gate->field))) return false; // not in the view
        note(test);
        const bool source = test.field == ir::Field::SourcePort;
        bool& taken = source ? sports_ : dports_;
        if ((source || test.field == ir::Field::DestinationPort) && !taken && !test.gate && test.ranges.size() == 1 &&
            (test.mask & 0xffff) == 0xffff && (stage_ == Last || !may_drop_later(rule_, index_))) {
            const ir::Range range = test.ranges[0];
            if (range.low <= range.high && range.high <= 0xffff) {
                taken = true;
                (source ? out_.sports : out_.dports) = {static_cast<std::uint16_t>(range.low),
                                                        static_cast<std::uint16_t>(range.high)};
                if (test.invert) flag(source ? XT_MORE_NOT_SPORT : XT_MORE_NOT_DPORT);
                return true;
            }
        }
        return append(out_.tests, test);
    }

    bool add(const ir::AnyOf& any) {
        if (std::ranges::any_of(any.tests, [](const ir::FieldTest& test) { return ir::is_lazy(test.field); }))
            return false;
        return append(out_.tests, any);
    }

    template <typename Other> bool add(const Other&) {
        return false;
    } // TcpOptionTest, LimitTest, CountTest, KernelMatch

    // From here on the rule may drop a packet.
    void may_drop() {
        if (drops_) return;
        drops_ = true;
        out_.odd = {.source = out_.needed.source,
                    .destination = out_.needed.destination,
                    .sports = {},
                    .dports = {},
                    .protocol = out_.needed.protocol,
                    .has_protocol = out_.needed.has_protocol,
                    .extra = {}};
    }

    void flag(unsigned bit) { out_.flags = static_cast<std::uint8_t>(out_.flags | bit); }

    // Not only the start of a name: its final zero is compared too.
    static bool is_whole_name(const ir::InterfaceTest& test) {
        if (test.invert) return false;
        const auto end = std::ranges::find(test.mask, 0);
        return end != test.mask.begin() && test.name[static_cast<std::size_t>(end - test.mask.begin()) - 1] == 0 &&
               std::all_of(test.mask.begin(), end, [](std::uint8_t byte) { return byte == 0xff; });
    }

    static int rank(const Extra& extra) {
        return extra.kind == XT_EXTRA_NONE ? 0 : extra.kind == XT_EXTRA_FIELD ? 2 : 1;
    }

    void note(const ir::ProtocolTest& test) {
        if (test.invert || out_.needed.has_protocol) return;
        out_.needed.has_protocol = true;
        out_.needed.protocol = test.protocol;
    }

    // What an index may use of it: the rule can't match unless the field has one of these values.
    void note(const ir::FieldTest& test) {
        const std::uint32_t most = largest(test.field);
        if (test.invert || (test.mask & most) != most || (test.gate && test.gate->otherwise)) return;
        for (const ir::Range& range : test.ranges)
            if (range.low != range.high || range.low > most) return;
        const IndexUse use = index_use(test.field);
        if (use == IndexUse::Port) {
            std::vector<std::uint16_t>& ports =
                test.field == ir::Field::SourcePort ? out_.needed.sports : out_.needed.dports;
            if (!ports.empty() || test.ranges.empty()) return;
            for (const ir::Range& range : test.ranges)
                ports.push_back(static_cast<std::uint16_t>(range.low));
        } else if (use == IndexUse::Extra && test.ranges.size() == 1 && rank(out_.needed.extra) < 2) {
            out_.needed.extra = {XT_EXTRA_FIELD, test.field, test.ranges[0].low};
        }
    }

    Conditions& out_;
    const ir::Rule& rule_;
    Family family_;
    std::size_t index_ = 0;
    std::uint8_t stage_ = BeforeProtocol;
    bool source_ = false, destination_ = false, sports_ = false, dports_ = false;
    bool drops_ = false;
};

void clear(Conditions& out) {
    std::vector<xt_image_test> tests = std::move(out.tests);
    std::vector<std::uint16_t> sports = std::move(out.needed.sports), dports = std::move(out.needed.dports);
    tests.clear();
    sports.clear();
    dports.clear();
    out = Conditions{};
    out.tests = std::move(tests);
    out.needed.sports = std::move(sports);
    out.needed.dports = std::move(dports);
}

} // namespace

void Conditions::read(const ir::Rule& rule, Family family) {
    clear(*this);
    Reader reader(*this, rule, family);
    for (std::size_t index = 0; index < rule.predicates.size(); ++index) {
        if (!reader.take(rule.predicates[index], index)) return reader.finish();
        taken = static_cast<std::uint32_t>(index + 1);
    }
    complete = true;
    reader.finish();
}

} // namespace xtbpf::classify
