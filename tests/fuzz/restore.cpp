// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the way of a rule: restore text -> tables -> IR. What is accepted must come back from a save unchanged, and lower and
// run. The first byte chooses the family.
#include "tests/memory_backend.hpp"
#include "tests/random_ir.hpp"
#include "translator/interpreter.hpp"

#include <cstdlib>
#include <string>

namespace {

using namespace xtbpf;

std::string rules_of(const testing::MemoryBackend& backend) {
    std::string out;
    for (const auto& [key, committed] : backend.tables) {
        out += name(key.second);
        for (const StoredChain& chain : committed.stored.chains) {
            out += "\n:" + chain.name;
            for (const StoredRule& rule : chain.rules) out += "\n" + rule.text;
        }
        out += '\n';
    }
    return out;
}

void run_packets(const testing::MemoryBackend& backend, Family family) {
    testing::Random random(1);
    for (const auto& [key, committed] : backend.tables)
        for (const Hook hook : hooks_of(key.second))
            if (key.first == family)
                for (int i = 0; i < 4; ++i) {
                    const testing::Packet packet = testing::random_packet(random, committed.program, hook);
                    interpret(committed.program, hook, packet.view, packet.bytes);
                }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    // A seed is a ruleset as it is; '6' before it means IPv6.
    const Family family = input[0] == '6' ? Family::V6 : Family::V4;
    const Applet restore{Applet::Kind::Restore, family};
    testing::MemoryBackend first, second;
    const testing::Ran restored = testing::run(restore, {}, first, input.substr(input[0] == '6' ? 1 : 0));
    run_packets(first, family);
    if (restored.code != 0) return 0;
    const testing::Ran saved = testing::run({Applet::Kind::Save, family}, {}, first);
    if (saved.code != 0) std::abort();
    if (testing::run(restore, {}, second, saved.out).code != 0) std::abort();
    if (rules_of(first) != rules_of(second)) std::abort();
    return 0;
}
