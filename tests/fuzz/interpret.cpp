// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the packet parser and the interpreter: input = seed of a random table (4 bytes), family and hook (1 byte),
// packet.
#include "tests/random_ir.hpp"
#include "translator/effects.hpp"
#include "translator/interpreter.hpp"
#include "translator/packet.hpp"

#include <cstdlib>
#include <cstring>

namespace {

using namespace xtbpf;

// A traversal that says something impossible is a finding, as a crash is.
void check(const ir::Table& table, Hook hook, const xt_view& view, std::span<const std::uint8_t> bytes) {
    const Trace trace = interpret(table, hook, view, bytes);
    if (trace.accept && trace.hotdrop) std::abort();
    const HookNeeds needs = hook_needs(table, hook);
    for (const std::uint32_t effect : trace.effects)
        if (effect >= needs.effects.size()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kHead = 5;
    if (size < kHead) return 0;
    std::uint32_t seed = 0;
    std::memcpy(&seed, data, sizeof seed);
    const Family family = (data[4] & 1) != 0 ? Family::V6 : Family::V4;
    const TableId id = kTables[(data[4] >> 1) % kTables.size()];
    const std::span<const Hook> hooks = hooks_of(id);
    const std::span<const std::uint8_t> bytes(data + kHead, size - kHead);
    const std::optional<xt_view> view = parse_packet(family, bytes);
    if (!view) return 0;
    testing::Random random(seed);
    check(testing::random_table(random, family, id), hooks[(data[4] >> 4) % hooks.size()], *view, bytes);
    return 0;
}
