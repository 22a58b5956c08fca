// SPDX-License-Identifier: GPL-2.0-or-later
// What a match or a target is to the frontend. One file in extensions/ per match or target holds its options, help, parsing,
// printing, canonical form and lowering; extensions/registry.cpp lists them all.
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace xtbpf {

enum class Argument : std::uint8_t { None, Required, Optional };

struct OptionDef {
    std::string_view name;              // long name without dashes
    Argument argument = Argument::Required;
    bool invertible = false;            // `!` may precede it
    bool repeatable = false;            // else a second use is "option "--x" can be used only once."
};

// What the rest of the rule says, as far as extensions may ask.
struct RuleContext {
    Family family = Family::V4;
    TableId table = TableId::Filter;
    std::uint16_t protocol = 0;         // -p; 0: none or "all"
    bool protocol_inverted = false;
};

struct OptionUse {
    std::size_t option;                 // index into the extension's options
    std::string_view value;             // empty if it has no argument
    bool inverted = false;
    const RuleContext& rule;
};

// Where the kernel takes the extension (struct xt_match and xt_target: table, hooks, proto). A breach is, as in iptables,
// Refused with "Invalid argument. Run `dmesg' for more information." at commit, for the hooks a chain is reachable from.
struct KernelLimits {
    std::uint32_t hooks = ~0U;               // hook_bit()s
    std::optional<TableId> table;
    std::optional<std::uint8_t> protocol;    // needs `-p` this, not inverted
};

// One use of an extension in a rule. Text pieces begin with a blank and end without: " --dport 22", " tcp dpt:22".
class Extension {
  public:
    virtual ~Extension() = default;
    virtual Result<void> option(const OptionUse& use) = 0;          // one option of the command line
    virtual Result<void> finish(const RuleContext&) { return {}; }  // after the last (xtables' final_check)
    virtual void save(std::string& out) const = 0;                  // canonical options, without "-m NAME"
    virtual void list(std::string& out, bool numeric) const = 0;    // the text of -L
};

class Match : public Extension {
  public:
    // Appends predicates, all of which must hold, in order of evaluation.
    virtual void lower(const RuleContext& rule, std::vector<ir::Predicate>& out) const = 0;
};

class Target : public Extension {
  public:
    virtual ir::Action lower(const RuleContext& rule) const = 0;
};

template <typename Use> struct ExtensionDef {
    std::string_view name;
    std::span<const OptionDef> options;
    bool ipv4 = true, ipv6 = true;
    KernelLimits limits;
    std::string (*help)(Family family);                    // the extension's part of `-m NAME -h`
    std::unique_ptr<Use> (*create)(Family family);
    std::optional<std::uint8_t> protocol;                  // `-p` this loads it implicitly when one of its options is used
};
using MatchDef = ExtensionDef<Match>;
using TargetDef = ExtensionDef<Target>;

// By name; nullptr if there is none of that name for the family. `icmp6` answers to "icmpv6" too.
const MatchDef* find_match(std::string_view name, Family family);
const TargetDef* find_target(std::string_view name, Family family); // not ACCEPT, DROP, RETURN: those are verdicts
const MatchDef* match_of_protocol(std::uint8_t protocol, Family family);

} // namespace xtbpf
