// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the way of a rule: restore text -> tables -> IR. What is accepted must come back from a save unchanged, and
// lower and run. The first byte chooses the family.
#include "tests/random_ir.hpp"
#include "tests/text/applet_run.hpp"
#include "translator/interpreter.hpp"

#include <cstdlib>
#include <string>

namespace {

using namespace xtbpf;

std::string rules_of(const MemoryBackend& backend) {
    std::string out;
    for (const auto& [key, table] : backend.tables) {
        out += name(key.second);
        for (const StoredChain& chain : table.chains) {
            out += "\n:" + chain.name;
            for (const StoredRule& rule : chain.rules)
                out += "\n" + rule.text;
        }
        out += '\n';
    }
    return out;
}

// A text with a line break in it (a comment can have one) doesn't come back from iptables' own save either.
bool comes_back(const MemoryBackend& backend) {
    for (const auto& [key, table] : backend.tables)
        for (const StoredChain& chain : table.chains)
            for (const StoredRule& rule : chain.rules)
                if (rule.text.contains('\n')) return false;
    return true;
}

void run_packets(const MemoryBackend& backend) {
    testing::Random random(1);
    for (const auto& [key, program] : backend.programs)
        for (const Hook hook : hooks_of(key.second))
            for (int i = 0; i < 4; ++i) {
                const testing::Packet packet = testing::random_packet(random, program, hook);
                interpret(program, hook, packet.view, packet.bytes);
            }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    // A seed is a ruleset as it is; '6' before it means IPv6.
    const std::string command = input[0] == '6' ? "ip6tables" : "iptables";
    MemoryBackend first, second;
    const Ran restored = run(first, command + "-restore", input.substr(input[0] == '6' ? 1 : 0));
    run_packets(first);
    if (restored.code != 0 || !comes_back(first)) return 0;
    const Ran saved = run(first, command + "-save");
    if (saved.code != 0) std::abort();
    if (run(second, command + "-restore", saved.out).code != 0) std::abort();
    if (rules_of(first) != rules_of(second)) std::abort();
    return 0;
}
