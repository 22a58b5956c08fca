// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/words.hpp"

#include <array>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

using ir::Field;

std::string_view word(Field field) {
    switch (field) {
    case Field::Mark: return "mark";
    case Field::Owner:
    case Field::Uid:
    case Field::Gid:
    case Field::FullSocket:
    case Field::SocketClass: return "socket";
    case Field::CtPresent:
    case Field::CtState:
    case Field::CtStatus:
    case Field::CtMark:
    case Field::CtExpires:
    case Field::CtDirection:
    case Field::CtProto:
    case Field::CtOrigSourcePort:
    case Field::CtOrigDestinationPort:
    case Field::CtReplySourcePort:
    case Field::CtReplyDestinationPort: return "conntrack";
    default: return ir::layout(field).name;
    }
}

struct Target {
    std::string operator()(const ir::RejectEffect&) const { return "REJECT"; }
    std::string operator()(const ir::LogEffect&) const { return "LOG"; }
    std::string operator()(const ir::KernelTarget& target) const { return target.name; }
    std::string operator()(const ir::TraceEffect&) const { return "TRACE"; }
    std::string operator()(const ir::NatEffect& nat) const {
        constexpr std::array kKinds{"SNAT", "DNAT", "MASQUERADE", "REDIRECT", "NETMAP"};
        return kKinds.at(static_cast<std::size_t>(nat.kind));
    }
    std::string operator()(const ir::TosEffect&) const { return "TOS"; }
    std::string operator()(const ir::TtlEffect&) const { return "TTL"; }
    std::string operator()(const ir::TcpEcnEffect&) const { return "ECN"; }
    std::string operator()(const ir::TproxyEffect&) const { return "TPROXY"; }
    std::string operator()(const ir::NotrackEffect&) const { return "NOTRACK"; }
    std::string operator()(const ir::ZoneEffect&) const { return "CT"; }
    std::string operator()(const ir::SecurityMarkEffect&) const { return "CONNSECMARK"; }
};

// A gate's field says what is asked before the test's own does: `--ctorigsrc` asks for the connection.
struct Subject {
    std::string operator()(const ir::FieldTest& test) const {
        return std::string(word(test.gate ? test.gate->field : test.field));
    }
    std::string operator()(const ir::AnyOf& any) const { return any.tests.empty() ? "ports" : (*this)(any.tests[0]); }
    std::string operator()(const ir::AddressTest& test) const { return address(test.field); }
    std::string operator()(const ir::AddressRange& test) const { return address(test.field); }
    std::string operator()(const ir::InterfaceTest&) const { return "device"; }
    std::string operator()(const ir::ProtocolTest&) const { return "protocol"; }
    std::string operator()(const ir::HeaderTest&) const { return "header"; }
    std::string operator()(const ir::TcpOptionTest&) const { return "tcp-option"; }
    std::string operator()(const ir::LimitTest&) const { return "limit"; }
    std::string operator()(const ir::CountTest& test) const {
        return test.kind == ir::CountTest::Kind::Nth ? "statistic" : "quota";
    }
    std::string operator()(const ir::KernelMatch& match) const { return match.name; }
    std::string operator()(const ir::BytesTest&) const { return "packet bytes"; }
    std::string operator()(const ir::ExtensionTest&) const { return "extension headers"; }
    std::string operator()(const ir::TcpMssTest&) const { return "tcpmss"; }
    std::string operator()(const ir::U32Test&) const { return "u32"; }

    static std::string address(ir::AddressField field) {
        return field <= ir::AddressField::Destination ? "address" : "conntrack";
    }
};

} // namespace

std::string target_word(const ir::Effect& effect) { return std::visit(Target{}, effect); }

std::string subject_word(const ir::Predicate& predicate) { return std::visit(Subject{}, predicate); }

std::string_view command_word(Family family) { return family == Family::V4 ? "iptables" : "ip6tables"; }

std::string counted(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string size_words(std::uint64_t bytes) {
    if (bytes < 1024 * 1024) return fmt::format("{} KiB", (bytes + 1023) / 1024);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

} // namespace xtbpf::tool
