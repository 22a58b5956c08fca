// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/help.hpp"

#include "frontend/version.hpp"

#include <fmt/format.h>

namespace xtbpf {

namespace {

constexpr std::string_view kUsage =
    R"(Usage: {0} -[ACD] chain rule-specification [options]
       {0} -I chain [rulenum] rule-specification [options]
       {0} -R chain rulenum rule-specification [options]
       {0} -D chain rulenum [options]
       {0} -[LS] [chain [rulenum]] [options]
       {0} -[FZ] [chain] [options]
       {0} -[NX] chain
       {0} -E old-chain-name new-chain-name
       {0} -P chain target [options]
       {0} -h (print this help information)

)";

constexpr std::string_view kCommands =
    R"(Commands:
Either long or short options are allowed.
  --append  -A chain		Append to chain
  --check   -C chain		Check for the existence of a rule
  --delete  -D chain		Delete matching rule from chain
  --delete  -D chain rulenum
				Delete rule rulenum (1 = first) from chain
  --insert  -I chain [rulenum]
				Insert in chain as rulenum (default 1=first)
  --replace -R chain rulenum
				Replace rule rulenum (1 = first) in chain
  --list    -L [chain [rulenum]]
				List the rules in a chain or all chains
  --list-rules -S [chain [rulenum]]
				Print the rules in a chain or all chains
  --flush   -F [chain]		Delete all rules in  chain or all chains
  --zero    -Z [chain [rulenum]]
				Zero counters in chain or all chains
  --new     -N chain		Create a new user-defined chain
  --delete-chain
            -X [chain]		Delete a user-defined chain
  --policy  -P chain target
				Change policy on chain to target
  --rename-chain
            -E old-chain new-chain
				Change chain name, (moving any references)

Options:
)";

constexpr std::string_view kFamilyOptions =
    R"(    --ipv4	-4		{0} (line is ignored by ip6tables-restore)
    --ipv6	-6		{1} (line is ignored by iptables-restore)
)";

constexpr std::string_view kOptions =
    R"([!] --protocol	-p proto	protocol: by number or name, eg. `tcp'
[!] --source	-s address[/mask][...]
				source specification
[!] --destination -d address[/mask][...]
				destination specification
[!] --in-interface -i input name[+]
				network interface name ([+] for wildcard)
 --jump	-j target
				target for rule (may load target extension)
  --goto      -g chain
			       jump to chain with no return
  --match	-m match
				extended match (may load extension)
  --numeric	-n		numeric output of addresses and ports
[!] --out-interface -o output name[+]
				network interface name ([+] for wildcard)
  --table	-t table	table to manipulate (default: `filter')
  --verbose	-v		verbose mode
  --wait	-w [seconds]	maximum wait to acquire xtables lock before give up
  --line-numbers		print line numbers when listing
  --exact	-x		expand numbers (display exact values)
)";

constexpr std::string_view kFragmentOption =
    R"([!] --fragment	-f		match second or further fragments only
)";

constexpr std::string_view kLastOptions =
    R"(  --modprobe=<command>		try to insert modules using this command
  --set-counters -c PKTS BYTES	set the counter during insert/append
[!] --version	-V		print package version.
)";

} // namespace

std::string help_text(const Program& program, const TargetDef* target, std::span<const MatchDef* const> matches) {
    const bool v4 = program.family == Family::V4;
    std::string text = fmt::format("{} v{}\n\n", program.name, kVariantVersion);
    text += fmt::format(kUsage, program.name);
    text += kCommands;
    text += fmt::format(kFamilyOptions, v4 ? "Nothing" : "Error", v4 ? "Error" : "Nothing");
    text += kOptions;
    if (v4) text += kFragmentOption;
    text += kLastOptions;
    if (target != nullptr) text += "\n" + target->help(program.family);
    for (const MatchDef* match : matches)
        text += "\n" + match->help(program.family);
    return text;
}

std::string restore_usage(const Program& program) {
    return fmt::format("Usage: {} [-c] [-v] [-V] [-t] [-h] [-n] [-w secs] [-W usecs] [-T table] [-M command] [file]\n"
                       "\t   [ --counters ]\n"
                       "\t   [ --verbose ]\n"
                       "\t   [ --version]\n"
                       "\t   [ --test ]\n"
                       "\t   [ --help ]\n"
                       "\t   [ --noflush ]\n"
                       "\t   [ --wait=<seconds>\n"
                       "\t   [ --table=<TABLE> ]\n"
                       "\t   [ --modprobe=<command> ]\n",
                       program.name);
}

} // namespace xtbpf
