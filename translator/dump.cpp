// SPDX-License-Identifier: GPL-2.0-or-later
// The IR as text: a table, then per chain its head and one line per rule, predicates in order, `->` and the action.
#include "translator/dump.hpp"

#include "translator/ir.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf::ir {

namespace {

constexpr std::string_view kHexFields[] = {"tcp-flags", "tos", "mark", "ct-state", "ct-status", "ct-mark"};

class Text {
  public:
    Text(const Table& table, std::string& out) : table_(table), out_(out) {}

    void operator()(const FieldTest& test) {
        word();
        field_test(test);
    }

    void operator()(const AnyOf& any) {
        word();
        if (any.invert) out_ += '!';
        out_ += '(';
        for (std::size_t at = 0; at < any.tests.size(); ++at) {
            if (at != 0) out_ += " | ";
            field_test(any.tests[at]);
        }
        out_ += ')';
    }

    void operator()(const AddressTest& test) {
        word();
        gate(test.gate);
        put("{}{}{}", layout(test.field).name, test.invert ? "!=" : "=", address(test.value));
        mask(test.mask);
    }

    void operator()(const AddressRange& test) {
        word();
        put("{}{}{}-{}", layout(test.field).name, test.invert ? "!=" : "=", address(test.low), address(test.high));
    }

    // An exact name has a mask over its final zero; a prefix shows as iptables writes it.
    void operator()(const InterfaceTest& test) {
        word();
        std::string name;
        std::size_t at = 0;
        for (; at < test.name.size() && test.mask[at] != 0 && test.name[at] != 0; ++at)
            name += static_cast<char>(test.name[at]);
        const bool prefix = at < test.mask.size() && test.mask[at] == 0;
        put("{}{}{}{}", test.direction == Direction::In ? "in" : "out", test.invert ? "!=" : "=", quoted(name),
            prefix ? "+" : "");
    }

    void operator()(const ProtocolTest& test) {
        word();
        put("-p{}{}", test.invert ? "!=" : "=", test.protocol);
    }

    void operator()(const HeaderTest& test) {
        word();
        put("header({}{})", test.bytes, test.drop_offset_one ? ",drop-offset-1" : "");
    }

    void operator()(const TcpOptionTest& test) {
        word();
        put("{}tcp-option({})", test.invert ? "!" : "", test.kind);
    }

    void operator()(const LimitTest& test) {
        word();
        put("limit(avg={},burst={},state={})", test.avg, test.burst, test.state);
    }

    void operator()(const CountTest& test) {
        word();
        if (test.invert) out_ += '!';
        if (test.kind == CountTest::Kind::Nth)
            put("nth({} of {},state={})", test.packet, test.most, test.state);
        else
            put("quota({},state={})", test.most, test.state);
    }

    void operator()(const KernelMatch& match) {
        word();
        put("kernel({}/{}:", match.name, match.revision);
        for (std::uint8_t byte : match.info)
            put("{:02x}", byte);
        if (match.protocol != 0) put(",p={}", match.protocol);
        out_ += ')';
    }

    void operator()(const BytesTest& test) {
        constexpr std::array<std::string_view, kExtensions + 1> kBases{"hop",  "routing",     "fragment",
                                                                       "auth", "destination", "transport"};
        word();
        put("{}[{}:{}]", kBases.at(test.base.place), test.offset, test.width);
        if (test.mask != ~0U) put("&0x{:x}", test.mask);
        out_ += test.invert ? "!=" : "=";
        ranges(test.ranges, true);
        if (test.missing == Else::False) out_ += ",else-false";
        if (test.unequal == Else::Hotdrop) out_ += ",else-drop";
    }

    void operator()(const ExtensionTest& test) {
        word();
        put("extension({}{}{})", static_cast<unsigned>(test.extension), test.whole ? ",whole" : "",
            test.broken == Else::Hotdrop ? ",drop-broken" : "");
    }

    void operator()(const TcpMssTest& test) {
        word();
        put("tcp-mss{}{}-{}", test.invert ? "!=" : "=", test.low, test.high);
    }

    void operator()(const U32Test& u32) {
        constexpr std::array<std::string_view, 4> kOperators{"&", "<<", ">>", "@"};
        word();
        out_ += u32.invert ? "!u32(" : "u32(";
        for (const U32Test::One& test : u32.tests) {
            if (&test != u32.tests.data()) out_ += "&&";
            put("0x{:x}", test.at);
            for (const U32Test::Step& step : test.steps)
                put("{}0x{:x}", kOperators.at(static_cast<std::size_t>(step.operation)), step.operand);
            out_ += '=';
            ranges(test.ranges, true);
        }
        out_ += ')';
    }

    void operator()(const Accept&) { out_ += "accept"; }
    void operator()(const Drop&) { out_ += "drop"; }
    void operator()(const Return&) { out_ += "return"; }
    void operator()(const Continue&) { out_ += "continue"; }
    void operator()(const Jump& jump) { put("{} {}", jump.is_goto ? "goto" : "jump", chain_name(jump.chain)); }
    void operator()(const HandOff& off) { out_ += dump(off.effect); }

    template <typename... Arguments> void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    }

  private:
    void word() { out_ += ' '; }

    void field_test(const FieldTest& test) {
        gate(test.gate);
        const FieldLayout& where = layout(test.field);
        const bool hex = std::ranges::find(kHexFields, where.name) != std::end(kHexFields);
        out_ += where.name;
        if (test.mask != ~0U) put("&0x{:x}", test.mask);
        out_ += test.invert ? "!=" : "=";
        ranges(test.ranges, hex);
    }

    void ranges(const std::vector<Range>& list, bool hex) {
        for (std::size_t at = 0; at < list.size(); ++at) {
            if (at != 0) out_ += ',';
            number(list[at].low, hex);
            if (list[at].high == list[at].low) continue;
            out_ += '-';
            number(list[at].high, hex);
        }
    }

    void number(std::uint32_t value, bool hex) {
        if (hex)
            put("0x{:x}", value);
        else
            put("{}", value);
    }

    void gate(const std::optional<Gate>& gate) {
        if (gate)
            put("{}>={}?{}:", layout(gate->field).name, gate->at_least, gate->otherwise ? "else-true" : "else-false");
    }

    std::string address(const Words& words) const {
        const std::uint32_t word = words[0];
        if (table_.family == Family::V4)
            return fmt::format("{}.{}.{}.{}", word >> 24, word >> 16 & 255, word >> 8 & 255, word & 255);
        std::string text;
        for (std::uint32_t part : words)
            fmt::format_to(std::back_inserter(text), "{}{:x}:{:x}", text.empty() ? "" : ":", part >> 16, part & 0xffff);
        return text;
    }

    // The prefix length, or the mask as an address if its ones aren't contiguous.
    void mask(const Words& mask) {
        const unsigned words = table_.family == Family::V4 ? 1 : 4;
        unsigned ones = 0;
        bool contiguous = true;
        for (unsigned at = 0; at < words; ++at) {
            const auto leading = static_cast<unsigned>(std::countl_one(mask[at]));
            contiguous &=
                static_cast<unsigned>(std::popcount(mask[at])) == leading && (leading == 0 || ones == at * 32);
            ones += leading;
        }
        if (contiguous)
            put("/{}", ones);
        else
            put("/{}", address(mask));
    }

    std::string chain_name(std::uint32_t chain) const {
        return chain < table_.chains.size() ? quoted(table_.chains[chain].name) : fmt::format("#{}", chain);
    }

    const Table& table_;
    std::string& out_;
};

} // namespace

std::string quoted(std::string_view text) {
    const auto plain = [](char letter) { return letter > 0x20 && letter < 0x7f && letter != '"' && letter != '\\'; };
    if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
    std::string out = "\"";
    for (char letter : text) {
        if (plain(letter) || letter == ' ')
            out += letter;
        else
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(letter));
    }
    return out + '"';
}

std::string dump(const Predicate& predicate, Family family) {
    const Table table{.family = family, .id = {}, .chains = {}};
    std::string out;
    std::visit(Text(table, out), predicate);
    return out.substr(1);
}

std::string dump(const Table& table) {
    std::string out = fmt::format("table {} {}\n", xtbpf::name(table.family), xtbpf::name(table.id));
    Text text(table, out);
    for (const Chain& chain : table.chains) {
        text.put("chain {}", quoted(chain.name));
        if (chain.builtin) text.put(" policy {} [{}]", chain.builtin->accept ? "accept" : "drop", chain.builtin->slot);
        out += '\n';
        for (const Rule& rule : chain.rules) {
            text.put("  [{}]", rule.slot);
            for (const Predicate& predicate : rule.predicates)
                std::visit(text, predicate);
            out += " -> ";
            std::visit(text, rule.action);
            out += '\n';
        }
    }
    return out;
}

} // namespace xtbpf::ir
