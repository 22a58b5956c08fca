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
#include <vector>

namespace xtbpf {

enum class Argument : std::uint8_t { None, Required, Optional, Two }; // Two: `--tcp-flags MASK COMP`

struct OptionDef {
    std::string_view name; // long name without dashes
    Argument argument = Argument::Required;
    bool invertible = false;    // `!` may precede it
    bool repeatable = false;    // a second use is not use_option's business
    std::string_view same_as{}; // another name of this option, which stands for both in checks and messages
};

// What the rest of the rule says, as far as extensions may ask.
struct RuleContext {
    Family family = Family::V4;
    TableId table = TableId::Filter;
    std::uint16_t protocol = 0; // -p; 0: none or "all"
    bool protocol_inverted = false;
    bool asks_syn = false;           // check() only: one of the rule's matches says so
    std::string* warnings = nullptr; // whole lines for stderr; nullptr: nobody reads them (a rule from the store)
};

struct OptionUse {
    std::size_t option;     // index into the extension's options
    std::string_view value; // empty if it has no argument
    std::optional<std::string_view>
        second{}; // Argument::Two: nullopt if the next word is missing or begins with `-` or `!`
    bool inverted = false;
    const RuleContext& rule;
};

// Where the kernel takes the extension (struct xt_match and xt_target: table, hooks, proto). A breach is, as in iptables,
// Refused with "Invalid argument. Run `dmesg' for more information." at commit, for the hooks a chain is reachable from.
struct KernelLimits {
    std::uint32_t hooks = ~0U; // hook_bit()s
    std::optional<TableId> table{};
    std::optional<std::uint8_t> protocol{}; // needs `-p` this, not inverted
};

// What the kernel's ip_tables interface has for a match or target (struct xt_entry_match, xt_entry_target), as iptables writes it.
struct StructureDef {
    std::string_view name{}; // the kernel's, if it isn't the extension's
    std::uint8_t revision = 0;
    std::size_t size = 0;  // XT_ALIGNed
    std::size_t given = 0; // so many bytes are the user's; what the kernel keeps for itself follows
    // Of the user's bytes, clears what no options say and nobody reads, as programs may write it differently.
    void (*clear_unsaid)(Family family, std::span<std::uint8_t> data) = nullptr;
};

// One use of an extension in a rule. Text pieces begin with a blank and end without: " --dport 22", " tcp dpt:22".
// Messages of errors: as iptables prints them after "iptables v1.8.11 (x): "; where iptables leaves an empty line before the
// usage hint, the message ends with a newline of its own.
class Extension {
  public:
    virtual ~Extension() = default;
    virtual Result<void> option(const OptionUse& use) = 0;         // one option; call it through use_option
    virtual Result<void> finish(const RuleContext&) { return {}; } // after the last (xtables' final_check)
    // What the kernel refuses beyond KernelLimits (checkentry), to be asked at commit; `hooks`: hook_bit()s of the base
    // chains that the rule can be reached from. Kind Refused, message as iptables has it after "iptables: ".
    virtual Result<void> check(const RuleContext&, [[maybe_unused]] std::uint32_t hooks) const { return {}; }
    virtual void save(std::string& out) const = 0;               // canonical options, without "-m NAME"
    virtual void list(std::string& out, bool numeric) const = 0; // the text of -L

    // To and from the structure of ExtensionDef::structure. decode() is given that many bytes, whatever they say; false if no
    // options say the same. It needn't be thorough: who calls it compares what the rule's text makes of it
    // (frontend/iptc/entry.hpp).
    virtual std::vector<std::uint8_t> encode(const RuleContext& rule) const = 0;
    virtual bool decode(const RuleContext&, std::span<const std::uint8_t>) { return false; }
};

class Match : public Extension {
  public:
    // Appends predicates, all of which must hold, in order of evaluation.
    virtual void lower(const RuleContext& rule, std::vector<ir::Predicate>& out) const = 0;
    // Whether it is `tcp` and wants SYN to be set: without that TCPMSS is refused (xt_TCPMSS.c, find_syn_match).
    virtual bool asks_syn() const { return false; }
    std::vector<std::uint8_t> encode(const RuleContext& rule) const override; // of one that lowers to a KernelMatch
};

class Target : public Extension {
  public:
    virtual ir::Action lower(const RuleContext& rule) const = 0;
    std::vector<std::uint8_t> encode(const RuleContext& rule) const override; // of one that lowers to a KernelTarget
};

template <typename Use> struct ExtensionDef {
    std::string_view name;
    std::span<const OptionDef> options{};
    bool ipv4 = true, ipv6 = true;
    KernelLimits limits{};
    std::string (*help)(Family family); // the extension's part of `-m NAME -h`
    std::unique_ptr<Use> (*create)(Family family);
    std::optional<std::uint8_t> protocol{}; // `-p` this loads it implicitly when one of its options is used
    std::string_view listed_as{};           // the name that -L shows, if it isn't `name`
    bool absent = false; // iptables still knows it, Linux doesn't: a warning when it is named, refused at commit
    StructureDef (*structure)(Family family) = nullptr; // nullptr: the ip_tables interface doesn't have it here
};
using MatchDef = ExtensionDef<Match>;
using TargetDef = ExtensionDef<Target>;

// One option of the command line, with the checks that libxtables makes for all extensions (xtoptions.c,
// xtables_option_parse): used once, not inverted where it can't be. `used` holds what was used so far, one bit an option;
// begin with 0 for each use of the extension.
Result<void> use_option(std::string_view extension, std::span<const OptionDef> options, std::uint32_t& used,
                        Extension& instance, OptionUse use);

// What is said when an absent extension is named (libxtables/xtables.c, xtables_fully_register_pending_target).
std::string absence_warning(std::string_view extension);

// By name; nullptr if there is none of that name for the family. `icmp6` answers to "icmpv6" too.
const MatchDef* find_match(std::string_view name, Family family);
const TargetDef* find_target(std::string_view name, Family family); // not ACCEPT, DROP, RETURN: those are verdicts
// Those with that name in the kernel's ip_tables interface: `conntrack` stands for the match `state` too.
std::vector<const MatchDef*> matches_of_kernel(std::string_view name, Family family);
std::vector<const TargetDef*> targets_of_kernel(std::string_view name, Family family);
const MatchDef* match_of_protocol(std::uint8_t protocol, Family family);

} // namespace xtbpf
