// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/self_check.hpp"

#include "translator/chains.hpp"
#include "translator/dry_run.h"
#include "translator/interpreter.hpp"
#include "translator/probes.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace xtbpf {

namespace {

constexpr std::size_t kEthernetHeader = 14; // BPF_PROG_TEST_RUN takes it off
constexpr std::size_t kMostProbes = 1000;   // about a microsecond each
constexpr std::size_t kFewestProbes = 12;
constexpr std::size_t kMostChecks = 1'000'000; // of a rule by the interpreter, about ten nanoseconds each

// The packet lies behind its view in what the program is given (dry_run.h).
xt_view prepared(xt_view view) {
    view.packet_off = sizeof(xt_view);
    return view;
}

} // namespace

Result<std::uint32_t> dry_run(int program, const xt_view& view, std::span<const std::uint8_t> bytes) {
    const xt_view sent = prepared(view);
    const auto* sent_bytes = reinterpret_cast<const std::uint8_t*>(&sent);
    std::vector<std::uint8_t> data(kEthernetHeader);
    data.insert(data.end(), sent_bytes, sent_bytes + sizeof sent);
    data.insert(data.end(), bytes.begin(), bytes.end());
    __sk_buff context{};
    context.cb[0] = XT_DRY_RUN_VIEW;
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data.data(),
                .data_size_in = static_cast<std::uint32_t>(data.size()), .ctx_in = &context,
                .ctx_size_in = sizeof context, .repeat = 1);
    if (::bpf_prog_test_run_opts(program, &options) != 0)
        return fail(ErrorKind::Refused, fmt::format("self-check: running the program: {}", std::strerror(errno)));
    return options.retval;
}

Expectation expectation(const ir::Table& table, Hook hook) {
    const HookNeeds needs = hook_needs(table, hook);
    Environment environment;
    environment.needs = &needs;
    std::size_t rules = 1; // the interpreter goes through all of them for each packet
    chain_order(table, *builtin_chain(table, hook), [&](const ir::Rule&) { ++rules; });
    Expectation expected{.hook = hook,
                         .packets = probes(table, hook, std::clamp(kMostChecks / rules, kFewestProbes, kMostProbes)),
                         .answers = {}};
    for (const xt_view& view : expected.packets)
        expected.answers.push_back(dry_run_answer(interpret(table, hook, view, {}, environment)));
    return expected;
}

Result<void> self_check(const Expectation& expected, Family family, int program) {
    for (std::size_t index = 0; index < expected.packets.size(); ++index) {
        const xt_view& view = expected.packets[index];
        const Result<std::uint32_t> answer = dry_run(program, view, {});
        if (!answer) return std::unexpected(answer.error());
        if (*answer == expected.answers[index]) continue;
        return fail(ErrorKind::Refused,
                    fmt::format("self-check: the compiled {} chain and the interpreter disagree on {}; nothing "
                                "was changed, please report this ruleset",
                                name(expected.hook), describe(view, family)));
    }
    return {};
}

} // namespace xtbpf
