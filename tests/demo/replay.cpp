// SPDX-License-Identifier: GPL-2.0-or-later
// replay RULES [-6]: loads a restore file in memory and runs packets through the interpreter. One packet per line of
// stdin:
//   HOOK IN OUT STATE HEX     devices or -; connection state NEW, ESTABLISHED, ...; the packet from its IP header on
// Each goes through the tables that have that hook, in their order, until one drops it. Prints a verdict per packet, an
// empty line, and `iptables-save -c` of what was counted. Needs neither root nor BPF.
#include "tests/text/applet_run.hpp"
#include "translator/effects.hpp"
#include "translator/interpreter.hpp"
#include "translator/packet.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace xtbpf;

// In the order in which a hook calls them (their priorities).
constexpr std::array kOrder{TableId::Raw, TableId::Mangle, TableId::Nat, TableId::Filter, TableId::Security};

// enum ip_conntrack_info to XT_CONNTRACK_STATE_* (linux/netfilter/xt_conntrack.h): bit = 1 << (ctinfo + 1).
std::uint32_t state_bit(std::string_view state) {
    constexpr std::array<std::string_view, 4> kStates{"INVALID", "ESTABLISHED", "RELATED", "NEW"};
    for (std::size_t i = 0; i < kStates.size(); ++i)
        if (state == kStates[i]) return 1U << i;
    return state == "UNTRACKED" ? 1U << 6 : 1U;
}

std::vector<std::uint8_t> from_hex(std::string_view text) {
    std::vector<std::uint8_t> out(text.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i)
        std::from_chars(&text[2 * i], &text[2 * i] + 2, out[i], 16);
    return out;
}

struct Line {
    Hook hook = Hook::Input;
    xt_view view{};
    std::vector<std::uint8_t> bytes;
};

std::optional<Line> parse_line(std::string_view text, Family family) {
    std::array<std::string_view, 5> words;
    for (std::string_view& word : words) {
        const std::size_t end = std::min(text.find(' '), text.size());
        word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    Line out;
    out.bytes = from_hex(words[4]);
    const std::optional<Hook> hook = hook_by_chain_name(words[0]);
    const std::optional<xt_view> view = parse_packet(family, out.bytes);
    if (!hook || !view) return std::nullopt;
    out.hook = *hook;
    out.view = *view;
    if (words[1] != "-") words[1].copy(reinterpret_cast<char*>(out.view.in_name), sizeof out.view.in_name - 1);
    if (words[2] != "-") words[2].copy(reinterpret_cast<char*>(out.view.out_name), sizeof out.view.out_name - 1);
    out.view.ct_state = state_bit(words[3]);
    out.view.ct_present = words[3] != "INVALID" && words[3] != "UNTRACKED";
    return out;
}

void count(StoredTable& table, const std::vector<ir::Slot>& path, std::uint32_t bytes) {
    const auto add = [&](Account& account) {
        for (const ir::Slot slot : path)
            if (slot == account.slot) account.counters = {account.counters.packets + 1, account.counters.bytes + bytes};
    };
    for (StoredChain& chain : table.chains) {
        if (chain.accept) add(chain.account);
        for (StoredRule& rule : chain.rules)
            add(rule.account);
    }
}

std::string effect_word(const ir::Effect& effect) {
    const auto* reject = std::get_if<ir::RejectEffect>(&effect);
    if (std::holds_alternative<ir::LogEffect>(effect)) return "LOG";
    if (reject == nullptr) return dump(effect);
    return reject->tcp_reset ? "REJECT with a RST" : fmt::format("REJECT with ICMP code {}", reject->icmp_code);
}

std::string traverse(MemoryBackend& backend, Family family, const Line& line) {
    std::string notes;
    for (const TableId id : kOrder) {
        const auto found = backend.programs.find({family, id});
        if (found == backend.programs.end() || !table_has_hook(id, line.hook)) continue;
        const ir::Table& program = found->second;
        const Trace trace = interpret(program, line.hook, line.view, line.bytes);
        count(backend.tables.at({family, id}), trace.path, line.view.len);
        const HookNeeds needs = hook_needs(program, line.hook);
        for (const std::uint32_t effect : trace.effects)
            notes += "  " + effect_word(needs.effects[effect]);
        if (!trace.accept) return (trace.hotdrop ? "dropped as malformed" : "dropped") + notes;
    }
    return "accepted" + notes;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: replay RULES [-6] < PACKETS\n");
        return 2;
    }
    const Family family = argc > 2 && std::string_view(argv[2]) == "-6" ? Family::V6 : Family::V4;
    const std::string command = family == Family::V4 ? "iptables" : "ip6tables";
    std::ifstream rules(argv[1]);
    const std::string text{std::istreambuf_iterator<char>(rules), {}};
    MemoryBackend backend;
    const Ran restored = run(backend, command + "-restore", text);
    if (restored.code != 0) {
        fmt::print(stderr, "{}", restored.err);
        return restored.code;
    }
    std::string packets;
    std::array<char, 4096> block{};
    for (ssize_t got = 0; (got = ::read(STDIN_FILENO, block.data(), block.size())) > 0;)
        packets.append(block.data(), static_cast<std::size_t>(got));
    for (std::string_view rest = packets; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::optional<Line> line = parse_line(rest.substr(0, end), family);
        fmt::print("{}\n", line ? traverse(backend, family, *line) : "not a packet that reaches netfilter");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    fmt::print("\n{}", run(backend, command + "-save -c").out);
    return 0;
}
