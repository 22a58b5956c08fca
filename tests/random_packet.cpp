// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/random_ir.hpp"
#include "tests/random_pools.hpp"
#include "translator/packet.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

namespace xtbpf::testing {

namespace {

// A packet as it is wished for; what can't be had together (a port and a later fragment) comes out as the bytes have
// it.
struct Draft {
    xt_view want{};
    std::optional<std::uint32_t> transport_bytes; // cut or pad the transport header and payload to this
    std::vector<std::uint8_t> tcp_options;
    struct Patch {
        std::optional<ir::Base> base; // nullopt: the network header
        std::uint32_t offset;
        std::uint8_t width;
        std::uint32_t value;
    };
    std::vector<Patch> patches; // of the finished bytes
    bool icmp_wanted = false, length_wanted = false, doff_wanted = false, extensions_wanted = false;
};

// Adds -1, 0 (mostly) or 1, with carry.
void nudge(Random& random, ir::Words& words, std::size_t last) {
    if (random.percent(70)) return;
    const bool up = random.percent(50);
    for (std::size_t at = last + 1; at-- > 0;) {
        words[at] += up ? 1 : ~0U;
        if (words[at] != (up ? 0 : ~0U)) return;
    }
}

// Sets the draft's fields as each predicate asks, or nearly.
class Aim {
  public:
    Aim(Random& random, Family family, Draft& draft)
        : random_(random), last_(family == Family::V4 ? 0 : 3), draft_(draft) {}

    void operator()(const ir::FieldTest& test) {
        gate(test.gate);
        if (test.ranges.empty()) return;
        const ir::Range& range = random_.pick(test.ranges);
        std::uint32_t value = random_.percent(50)   ? range.low
                              : random_.percent(50) ? range.high
                                                    : random_.between(range.low, range.high);
        if (random_.percent(25)) value += random_.percent(50) ? 1 : ~0U;
        set(test.field, (value & test.mask) | (random_.word() & ~test.mask & largest(test.field)));
    }

    void operator()(const ir::AnyOf& any) {
        if (!any.tests.empty()) (*this)(random_.pick(any.tests));
    }

    void operator()(const ir::AddressTest& test) {
        gate(test.gate);
        ir::Words words = test.value;
        for (std::size_t at = 0; at <= last_; ++at)
            words[at] |= random_.word() & ~test.mask[at];
        nudge(random_, words, last_);
        if (random_.percent(10)) words[random_.below(last_ + 1)] ^= 1U << random_.below(32);
        write(draft_.want, test.field, words);
    }

    void operator()(const ir::AddressRange& test) {
        ir::Words words = random_.percent(50) ? test.low : test.high;
        nudge(random_, words, last_);
        write(draft_.want, test.field, words);
    }

    void operator()(const ir::InterfaceTest& test) {
        std::uint8_t* name = test.direction == ir::Direction::In ? draft_.want.in_name : draft_.want.out_name;
        std::copy(test.name.begin(), test.name.end(), name);
        const auto length = static_cast<std::size_t>(std::find(name, name + 16, 0) - name);
        if (random_.percent(40) && length < 15) name[length] = static_cast<std::uint8_t>('0' + random_.below(10));
        if (random_.percent(10) && length > 0) name[random_.below(length)] ^= 1;
    }

    void operator()(const ir::ProtocolTest& test) { set(ir::Field::Proto, test.protocol); }

    void operator()(const ir::HeaderTest& test) {
        if (random_.percent(80))
            draft_.want.frag_off = 0;
        else
            draft_.want.frag_off = static_cast<std::uint16_t>(random_.between(1, 3));
        if (random_.percent(30)) draft_.transport_bytes = test.bytes - random_.below(2);
    }

    // The option behind others, with true and false lengths; data offsets that are too short, or longer than the
    // packet.
    void operator()(const ir::TcpOptionTest& test) {
        std::vector<std::uint8_t>& options = draft_.tcp_options;
        options.clear();
        while (random_.percent(50) && options.size() < 30)
            append_option(random_.pick(kTcpOptions));
        if (random_.percent(70)) append_option(test.kind);
        while (options.size() % 4 != 0)
            options.push_back(random_.percent(80) ? 0 : 5);
        if (random_.percent(15)) {
            draft_.doff_wanted = true;
            draft_.want.tcp_doff = static_cast<std::uint8_t>(random_.below(16));
        }
        if (random_.percent(15)) draft_.transport_bytes = 20 + random_.below(options.size() + 1);
    }

    void operator()(const ir::BytesTest& test) {
        draft_.patches.push_back({test.base, test.offset, test.width, near(test.ranges)});
    }

    void operator()(const ir::ExtensionTest&) { draft_.extensions_wanted = true; }

    void operator()(const ir::TcpMssTest& test) {
        const std::uint32_t mss = near({{test.low, test.high}}) & 0xFFFF;
        std::vector<std::uint8_t>& options = draft_.tcp_options;
        options.clear();
        while (random_.percent(30) && options.size() < 20)
            append_option(random_.pick(kTcpOptions));
        const std::uint8_t length = random_.percent(85) ? 4 : 3;
        options.insert(options.end(), {2, length, static_cast<std::uint8_t>(mss >> 8), static_cast<std::uint8_t>(mss)});
        options.resize(options.size() / 4 * 4);
    }

    void operator()(const ir::U32Test& u32) {
        for (const ir::U32Test::One& test : u32.tests)
            if (test.steps.empty()) draft_.patches.push_back({std::nullopt, test.at, 4, near(test.ranges)});
    }

    void operator()(const ir::LimitTest&) {}
    void operator()(const ir::CountTest&) {}
    void operator()(const ir::KernelMatch&) {}

  private:
    std::uint32_t near(const std::vector<ir::Range>& ranges) {
        const ir::Range& range = random_.pick(ranges);
        const std::uint32_t bound = random_.percent(50) ? range.low : range.high;
        return random_.percent(70) ? bound : bound + (random_.percent(50) ? 1 : ~0U);
    }

    void gate(const std::optional<ir::Gate>& gate) {
        if (gate) set(gate->field, random_.percent(80) ? gate->at_least : gate->at_least - 1);
    }

    void set(ir::Field field, std::uint32_t value) {
        write(draft_.want, field, value);
        draft_.icmp_wanted |= field == ir::Field::IcmpTypeCode;
        draft_.length_wanted |= field == ir::Field::IpLength;
    }

    void append_option(std::uint8_t kind) {
        std::vector<std::uint8_t>& options = draft_.tcp_options;
        options.push_back(kind);
        if (kind < 2) return;
        const std::uint32_t length = random_.percent(85) ? random_.between(2, 6) : random_.below(40);
        options.push_back(static_cast<std::uint8_t>(length));
        for (std::uint32_t at = 2; at < std::min(length, 6U); ++at)
            options.push_back(static_cast<std::uint8_t>(random_.below(9)));
        options.resize(std::min<std::size_t>(options.size(), 36));
    }

    Random& random_;
    std::size_t last_; // index of an address's least significant word
    Draft& draft_;
};

// The predicates of one rule picked at random, and of jumps that lead to it.
void aim_at_a_rule(Random& random, const ir::Table& table, Aim& aim) {
    std::uint32_t chain = random.below(table.chains.size());
    const ir::Rule* target = nullptr;
    for (std::size_t step = 0; step <= table.chains.size(); ++step) {
        const std::vector<ir::Rule>& rules = table.chains[chain].rules;
        if (!target && !rules.empty()) target = &random.pick(rules);
        if (target)
            for (const ir::Predicate& predicate : target->predicates)
                std::visit(aim, predicate);
        std::vector<std::pair<std::uint32_t, const ir::Rule*>> callers;
        for (std::uint32_t from = 0; from < table.chains.size(); ++from)
            for (const ir::Rule& rule : table.chains[from].rules)
                if (const auto* jump = std::get_if<ir::Jump>(&rule.action); jump && jump->chain == chain)
                    callers.emplace_back(from, &rule);
        if (callers.empty()) return;
        std::tie(chain, target) = random.pick(callers);
    }
}

Draft random_draft(Random& random, const ir::Table& table) {
    Draft draft;
    for (std::size_t at = 0; at < ir::kFields; ++at) {
        const auto field = static_cast<ir::Field>(at);
        write(draft.want, field, random_value(random, field));
    }
    if (random.percent(80)) draft.want.frag_off = 0;
    for (std::size_t at = 0; at < 6; ++at) {
        ir::Words words = random.pick(kAddresses6);
        if (table.family == Family::V4) words = {random.pick(kAddresses4), 0, 0, 0};
        write(draft.want, static_cast<ir::AddressField>(at), words);
    }
    std::ranges::copy(random.pick(kInterfaces), draft.want.in_name);
    std::ranges::copy(random.pick(kInterfaces), draft.want.out_name);
    if (random.percent(10)) draft.transport_bytes = random.below(41);
    Aim aim(random, table.family, draft);
    if (random.percent(90)) aim_at_a_rule(random, table, aim);
    return draft;
}

void append16(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

void append32(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
    append16(bytes, value >> 16);
    append16(bytes, value);
}

void put16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// A TCP header, its options and some payload, whatever the protocol is.
void append_transport(Random& random, const Draft& draft, std::vector<std::uint8_t>& bytes) {
    const std::size_t start = bytes.size();
    const bool icmp = draft.icmp_wanted && random.percent(80);
    append16(bytes, icmp ? draft.want.icmp_type_code : draft.want.sport);
    append16(bytes, draft.want.dport);
    append32(bytes, random.word());
    append32(bytes, 0);
    const std::size_t words = draft.doff_wanted ? draft.want.tcp_doff : 5 + draft.tcp_options.size() / 4;
    bytes.push_back(static_cast<std::uint8_t>(words << 4));
    bytes.push_back(draft.want.tcp_flags);
    append16(bytes, 1000);
    append32(bytes, 0);
    bytes.insert(bytes.end(), draft.tcp_options.begin(), draft.tcp_options.end());
    if (draft.length_wanted && draft.want.ip_len >= start)
        bytes.resize(std::min<std::size_t>(draft.want.ip_len, 9000));
    else
        bytes.resize(bytes.size() + random.below(20));
    if (draft.transport_bytes) bytes.resize(start + *draft.transport_bytes);
}

std::vector<std::uint8_t> build_ipv4(Random& random, const Draft& draft) {
    const std::uint32_t options = random.percent(80) ? 0 : random.between(1, 10);
    std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(0x45 + options), draft.want.tos, 0, 0, 0, 1};
    const std::uint32_t flags = random.percent(20) ? 0x2000 : 0x4000; // more fragments, don't fragment
    append16(bytes, flags | (draft.want.frag_off & 0x1fffU));
    bytes.push_back(draft.want.ttl);
    bytes.push_back(draft.want.proto);
    append16(bytes, 0);
    append32(bytes, draft.want.saddr[0]);
    append32(bytes, draft.want.daddr[0]);
    bytes.resize(bytes.size() + options * std::size_t{4}, 1); // no-operations
    const std::size_t header = bytes.size();
    append_transport(random, draft, bytes);
    put16(bytes, 2, static_cast<std::uint32_t>(bytes.size()));
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < header; at += 2)
        sum += static_cast<std::uint32_t>(bytes[at] << 8 | bytes[at + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(bytes, 10, ~sum & 0xffff);
    return bytes;
}

// `at` is where the header before keeps the number of the next one; returns where this header keeps it.
std::size_t append_extension(Random& random, std::vector<std::uint8_t>& bytes, std::size_t at, std::uint8_t kind,
                             std::uint32_t fragment) {
    bytes[at] = kind;
    const std::size_t start = bytes.size();
    const std::uint32_t units = kind == 44 ? 0 : random.below(3);
    bytes.push_back(0);
    bytes.push_back(static_cast<std::uint8_t>(units));
    append16(bytes, kind == 44 ? fragment : 0x0100);
    bytes.resize(start + (kind == 51 ? (units + 2) * 4 : (units + 1) * 8));
    return start;
}

std::vector<std::uint8_t> build_ipv6(Random& random, const Draft& draft) {
    constexpr std::array<std::uint8_t, 5> kinds{60, 43, 51, 44, 0};
    std::vector<std::uint8_t> bytes;
    append32(bytes, 0x60000000U | static_cast<std::uint32_t>(draft.want.tos) << 20 | 0x12345);
    append32(bytes, draft.want.ttl);
    for (std::uint32_t word : draft.want.saddr)
        append32(bytes, word);
    for (std::uint32_t word : draft.want.daddr)
        append32(bytes, word);
    std::size_t next = 6;
    for (std::uint32_t count = !draft.extensions_wanted && random.percent(75) ? 0 : random.below(9); count > 0; --count)
        next = append_extension(random, bytes, next, random.pick(kinds), random.below(2));
    if (draft.want.frag_off != 0)
        next = append_extension(random, bytes, next, 44, (draft.want.frag_off & 0x1fffU) << 3);
    if (random.percent(5)) next = append_extension(random, bytes, next, 60, 0);
    bytes[next] = draft.want.proto;
    append_transport(random, draft, bytes);
    if (random.percent(5)) bytes.resize(random.between(40, static_cast<std::uint32_t>(bytes.size())));
    put16(bytes, 4, static_cast<std::uint32_t>(bytes.size() - 40));
    return bytes;
}

// The fields that the bytes don't hold, from the wish.
void keep_metadata(const xt_view& want, Hook hook, xt_view& view) {
    if (hook != Hook::Output) std::copy(std::begin(want.in_name), std::end(want.in_name), view.in_name);
    if (hook != Hook::Prerouting && hook != Hook::Input)
        std::copy(std::begin(want.out_name), std::end(want.out_name), view.out_name);
    using ir::Field;
    for (std::size_t at = 0; at < ir::kFields; ++at) {
        const auto field = static_cast<Field>(at);
        if (field == Field::Mark || field >= Field::PacketType) write(view, field, ir::read(want, field));
    }
    for (std::size_t at = 2; at < 6; ++at) {
        const std::size_t offset = ir::layout(static_cast<ir::AddressField>(at)).offset;
        std::memcpy(reinterpret_cast<std::uint8_t*>(&view) + offset,
                    reinterpret_cast<const std::uint8_t*>(&want) + offset, 16);
    }
    if (view.ct_state == 0) view.ct_state = 1;
}

// Writes what the rules look for into a packet, unless it is none any more.
void patch(Family family, const std::vector<Draft::Patch>& patches, std::vector<std::uint8_t>& bytes) {
    for (const Draft::Patch& one : patches) {
        const xt_view view = *parse_packet(family, bytes);
        std::vector<std::uint8_t> patched = bytes;
        std::size_t at = one.offset;
        if (one.base) at += one.base->transport() ? view.thoff : view.ext_at[one.base->place];
        for (std::size_t i = 0; i < one.width && at + i < bytes.size(); ++i)
            patched[at + i] = static_cast<std::uint8_t>(one.value >> 8 * (one.width - 1 - i));
        if (parse_packet(family, patched)) bytes = std::move(patched);
    }
}

} // namespace

Packet random_packet(Random& random, const ir::Table& table, Hook hook) {
    const Draft draft = random_draft(random, table);
    Packet packet{table.family == Family::V4 ? build_ipv4(random, draft) : build_ipv6(random, draft), {}};
    patch(table.family, draft.patches, packet.bytes);
    const auto view = parse_packet(table.family, packet.bytes);
    if (!view) std::abort(); // the builders only build what parses
    packet.view = *view;
    keep_metadata(draft.want, hook, packet.view);
    return packet;
}

} // namespace xtbpf::testing
