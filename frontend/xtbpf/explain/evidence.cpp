// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/evidence.hpp"

#include "frontend/protocols.hpp"
#include "translator/dump.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

std::string address(const std::uint32_t* words, Family family) {
    std::array<std::uint32_t, 4> wire{};
    for (std::size_t at = 0; at < wire.size(); ++at)
        wire[at] = htonl(words[at]);
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family == Family::V4 ? AF_INET : AF_INET6, wire.data(), text.data(), text.size());
    return text.data();
}

struct Value {
    const Packet& packet;

    std::string operator()(const ir::FieldTest& test) const {
        using ir::Field;
        constexpr std::array kHex{Field::Mark,     Field::CtMark, Field::CtState,     Field::TcpFlags,
                                  Field::CtStatus, Field::Tos,    Field::IcmpTypeCode};
        if (test.gate && ir::read(packet.view, test.gate->field) < test.gate->at_least)
            return fmt::format("no {}", ir::layout(test.gate->field).name);
        const std::uint32_t value = ir::read(packet.view, test.field);
        const bool hex = std::ranges::find(kHex, test.field) != kHex.end();
        return hex ? fmt::format("{:#x}", value) : fmt::format("{}", value);
    }
    std::string operator()(const ir::AnyOf& any) const {
        std::string out;
        for (const ir::FieldTest& test : any.tests) {
            const std::string value = fmt::format("{} {}", ir::layout(test.field).name, (*this)(test));
            if (out.find(value) == std::string::npos) out += (out.empty() ? "" : ", ") + value;
        }
        return out;
    }
    std::string operator()(const ir::AddressTest& test) const { return of(test.field); }
    std::string operator()(const ir::AddressRange& test) const { return of(test.field); }
    std::string operator()(const ir::InterfaceTest& test) const {
        const auto* name = test.direction == ir::Direction::In ? packet.view.in_name : packet.view.out_name;
        const std::string text(reinterpret_cast<const char*>(name), ::strnlen(reinterpret_cast<const char*>(name), 16));
        return text.empty() ? "none" : text;
    }
    std::string operator()(const ir::ProtocolTest&) const {
        return protocol_name(packet.view.proto, false).value_or(fmt::format("{}", packet.view.proto));
    }
    std::string operator()(const ir::HeaderTest&) const { return fmt::format("{} bytes", packet.view.l4_avail); }
    template <typename Other> std::string operator()(const Other&) const { return {}; }

    std::string of(ir::AddressField field) const {
        std::array<std::uint32_t, 4> words{};
        std::memcpy(words.data(), reinterpret_cast<const std::uint8_t*>(&packet.view) + ir::layout(field).offset,
                    sizeof words);
        return address(words.data(), packet.family);
    }
};

} // namespace

std::string evidence(const ir::Predicate& predicate, const Packet& packet) {
    const auto* test = std::get_if<ir::FieldTest>(&predicate);
    if (test != nullptr && test->field == ir::Field::CtState && packet.view.ct_present != 0 && packet.state)
        return fmt::format("its connection's state is {}", name(*packet.state));
    std::string text = dump(predicate, packet.family);
    const std::string value = std::visit(Value{packet}, predicate);
    if (!value.empty()) text += ": the packet has " + value;
    return text;
}

std::string summary(const Packet& packet) {
    const xt_view& view = packet.view;
    const std::string protocol = Value{packet}(ir::ProtocolTest{});
    const std::string from = address(view.saddr, packet.family), to = address(view.daddr, packet.family);
    if (view.frag_off != 0)
        return fmt::format("{} src {} dst {} fragment {} length {}", protocol, from, to, view.frag_off, view.len);
    if (protocol == "icmp" || protocol == "ipv6-icmp")
        return fmt::format("{} src {} dst {} type {} code {} length {}", protocol, from, to, view.icmp_type_code >> 8,
                           view.icmp_type_code & 255, view.len);
    std::string flags;
    constexpr std::array kFlags{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
    for (std::size_t bit = 0; protocol == "tcp" && bit < kFlags.size(); ++bit)
        if ((view.tcp_flags >> bit & 1) != 0)
            flags += fmt::format("{}{}", flags.empty() ? " flags " : ",", kFlags.at(bit));
    return fmt::format("{} src {} sport {} dst {} dport {}{} length {}", protocol, from, view.sport, to, view.dport,
                       flags, view.len);
}

} // namespace xtbpf::tool
