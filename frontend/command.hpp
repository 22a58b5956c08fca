// SPDX-License-Identifier: GPL-2.0-or-later
// A command as parsed: `iptables ARGS` or one line of a restore. iptables/xshared.c, do_parse, is what it copies.
#pragma once

#include "frontend/diagnosis.hpp"
#include "frontend/rule.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

// Bits: -L and -S can be joined by -Z.
enum Verb : std::uint32_t {
    kNoVerb = 0, // a line for the other family, in restore
    kInsert = 1 << 0,
    kDelete = 1 << 1,
    kDeleteNumber = 1 << 2,
    kReplace = 1 << 3,
    kAppend = 1 << 4,
    kList = 1 << 5,
    kFlush = 1 << 6,
    kZero = 1 << 7,
    kNewChain = 1 << 8,
    kDeleteChain = 1 << 9,
    kSetPolicy = 1 << 10,
    kRenameChain = 1 << 11,
    kListRules = 1 << 12,
    kZeroNumber = 1 << 13,
    kCheck = 1 << 14,
};
inline constexpr std::uint32_t kRuleVerbs = kInsert | kDelete | kReplace | kAppend | kCheck;

struct Command {
    std::uint32_t verbs = kNoVerb;
    std::string table = "filter";
    std::string chain;
    bool has_chain = false;
    std::string new_name, policy;
    std::uint32_t number = 0; // of a rule, from 1
    int verbose = 0;
    bool numeric = false, exact = false, line_numbers = false, has_counters = false;
    Counters counters;
    int wait = 0; // seconds; -1 for ever
    std::vector<Network> sources, destinations;
    Rule rule; // source and destination aren't filled in: every pair of the lists above makes a rule
};

// Errors: exit 2, and exit 0 with the text of -h or -V. What is to be said on stderr before that, or before the command is carried
// out, is appended to `warnings`; nullptr: the rule is one of the store's, and nobody is to be warned.
Diagnosed<Command> parse_command(std::span<const std::string_view> args, std::string_view table, const Program& program,
                                 std::string* warnings);

// Chains must have names that -A and -j can tell apart (iptables/xshared.c, assert_valid_chain_name).
Diagnosed<void> assert_valid_chain_name(std::string_view name, const Program& program);

inline constexpr std::size_t kMaxChainName = 29; // XT_EXTENSION_MAXNAMELEN, its final zero included; also of extensions

} // namespace xtbpf
