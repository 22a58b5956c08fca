// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/command_parser.hpp"

#include "frontend/version.hpp"

#include <array>
#include <bit>
#include <fmt/format.h>

namespace xtbpf {

namespace {

using Kind = ScannedOption::Kind;
constexpr auto kNone = Argument::None;
constexpr auto kRequired = Argument::Required;
constexpr auto kOptional = Argument::Optional;

// iptables/iptables.c, original_opts: the order decides nothing but is kept.
constexpr std::array<BaseOption, 37> kBaseOptions{{
    {"append", kRequired, 'A'},
    {"delete", kRequired, 'D'},
    {"check", kRequired, 'C'},
    {"insert", kRequired, 'I'},
    {"replace", kRequired, 'R'},
    {"list", kOptional, 'L'},
    {"list-rules", kOptional, 'S'},
    {"flush", kOptional, 'F'},
    {"zero", kOptional, 'Z'},
    {"new-chain", kRequired, 'N'},
    {"delete-chain", kOptional, 'X'},
    {"rename-chain", kRequired, 'E'},
    {"policy", kRequired, 'P'},
    {"source", kRequired, 's'},
    {"destination", kRequired, 'd'},
    {"src", kRequired, 's'},
    {"dst", kRequired, 'd'},
    {"protocol", kRequired, 'p'},
    {"in-interface", kRequired, 'i'},
    {"jump", kRequired, 'j'},
    {"table", kRequired, 't'},
    {"match", kRequired, 'm'},
    {"numeric", kNone, 'n'},
    {"out-interface", kRequired, 'o'},
    {"verbose", kNone, 'v'},
    {"wait", kOptional, 'w'},
    {"wait-interval", kOptional, 'W'},
    {"exact", kNone, 'x'},
    {"fragments", kNone, 'f'},
    {"version", kNone, 'V'},
    {"help", kOptional, 'h'},
    {"line-numbers", kNone, '0'},
    {"modprobe", kRequired, 'M'},
    {"set-counters", kRequired, 'c'},
    {"goto", kRequired, 'g'},
    {"ipv4", kNone, '4'},
    {"ipv6", kNone, '6'},
}};

// iptables/xshared.c, cmd2char
char verb_letter(std::uint32_t verb) {
    constexpr std::string_view kLetters = "IDDRALFZNXPESZC";
    return kLetters[static_cast<std::size_t>(std::bit_width(verb) - 1)];
}

} // namespace

std::string_view CommandParser::option_name(std::uint32_t option) {
    switch (option) {
    case kNumeric: return "--numeric";
    case kSource: return "--source";
    case kDestination: return "--destination";
    case kProtocol: return "--protocol";
    case kJump: return "--jump";
    case kVerbose: return "--verbose";
    case kExpanded: return "--exact";
    case kInInterface: return "--in-interface";
    case kOutInterface: return "--out-interface";
    case kLineNumbers: return "--line-numbers";
    case kCounters: return "--set-counters";
    default: return "--fragments";
    }
}

CommandParser::CommandParser(std::span<const std::string_view> args, std::string_view table, const Program& program,
                             std::string* warnings)
    // A restore puts `NAME -t TABLE` before the words of a line (iptables/iptables-restore.c).
    : program_(program), warnings_(warnings),
      scanner_(kBaseOptions, program.restore ? table : std::string_view(program.name), args) {
    command_.table = table;
    command_.rule.family = program.family;
}

Diagnosed<Command> CommandParser::parse() {
    while (true) {
        const ScannedOption found = scanner_.next();
        if (found.kind == Kind::End) break;
        if (found.kind == Kind::Word) {
            if (found.value != "!") return program_.try_help(fmt::format("Bad argument `{}'\n", found.value));
            if (inverted_) return program_.parameter_problem("multiple consecutive ! not allowed");
            inverted_ = true;
            continue;
        }
        if (found.kind == Kind::Base) {
            const auto ours = base_option(found);
            if (!ours) return std::unexpected(ours.error());
            if (!*ours) return Command{};
        } else if (found.kind == Kind::Extension) {
            if (auto done = extension_option(found); !done) return std::unexpected(done.error());
        } else {
            const auto loaded = load_protocol_match();
            if (!loaded) return std::unexpected(loaded.error());
            if (*loaded) {
                scanner_.rescan();
                continue; // a `!` keeps waiting
            }
            if (found.kind == Kind::MissingArgument)
                return program_.parameter_problem(fmt::format("option \"{}\" requires an argument", found.text));
            return program_.parameter_problem(fmt::format("unknown option \"{}\"", found.text));
        }
        inverted_ = false;
    }
    if (auto done = finish(); !done) return std::unexpected(done.error());
    return std::move(command_);
}

Diagnosed<void> CommandParser::add_verb(std::uint32_t verb, std::uint32_t compatible) {
    if (inverted_) return program_.parameter_problem("unexpected '!' flag");
    if (const auto others = command_.verbs & ~compatible; others != 0)
        return program_.parameter_problem(
            fmt::format("Cannot use -{} with -{}", verb_letter(verb), verb_letter(others)));
    command_.verbs |= verb;
    return {};
}

Diagnosed<void> CommandParser::set_option(std::uint32_t option, bool* inverted) {
    if ((options_ & option) != 0)
        return program_.parameter_problem(fmt::format("multiple {} options not allowed", option_name(option)));
    options_ |= option;
    if (inverted_) {
        if (inverted == nullptr)
            return program_.parameter_problem(fmt::format("cannot have ! before {}", option_name(option)));
        *inverted = true;
    }
    return {};
}

void CommandParser::take_chain(const ScannedOption& found) {
    if (found.has_value) {
        command_.chain = found.value;
    } else if (auto value = scanner_.take_value()) {
        command_.chain = *value;
    } else {
        return;
    }
    command_.has_chain = true;
}

Diagnosed<void> CommandParser::verb_option(const ScannedOption& found) {
    struct Row {
        char letter;
        std::uint32_t verb, compatible;
    };
    static constexpr std::array<Row, 13> kRows{{{'A', kAppend, 0},
                                                {'C', kCheck, 0},
                                                {'D', kDelete, 0},
                                                {'R', kReplace, 0},
                                                {'I', kInsert, 0},
                                                {'L', kList, kZero | kZeroNumber},
                                                {'S', kListRules, kZero | kZeroNumber},
                                                {'F', kFlush, 0},
                                                {'Z', kZero, kList | kListRules},
                                                {'N', kNewChain, 0},
                                                {'X', kDeleteChain, 0},
                                                {'E', kRenameChain, 0},
                                                {'P', kSetPolicy, 0}}};
    const Row* row = kRows.data();
    while (row->letter != found.letter)
        ++row;
    if (found.letter == 'N')
        if (auto valid = assert_valid_chain_name(found.value, program_); !valid) return valid;
    if (auto added = add_verb(row->verb, row->compatible); !added) return added;
    take_chain(found);
    std::optional<std::string_view> number;
    switch (found.letter) {
    case 'D':
        if ((number = scanner_.take_value())) command_.verbs = kDeleteNumber;
        if (!number) break;
        return number_to_delete(*number);
    case 'R':
        if (!(number = scanner_.take_value())) return program_.parameter_problem("-R requires a rule number");
        break;
    case 'I':
        command_.number = 1;
        number = scanner_.take_value();
        break;
    case 'L':
    case 'S': number = scanner_.take_value(); break;
    case 'Z':
        if ((number = scanner_.take_value())) command_.verbs = kZeroNumber;
        break;
    case 'E': {
        const auto name = scanner_.take_value();
        if (!name) return program_.parameter_problem("-E requires old-chain-name and new-chain-name");
        command_.new_name = *name;
        return assert_valid_chain_name(*name, program_);
    }
    case 'P': {
        const auto policy = scanner_.take_value();
        if (!policy) return program_.parameter_problem("-P requires a chain and a policy");
        command_.policy = *policy;
        break;
    }
    default: break;
    }
    if (number) {
        const auto parsed = rule_number(*number);
        if (!parsed) return std::unexpected(parsed.error());
        command_.number = *parsed;
    }
    return {};
}

Diagnosed<bool> CommandParser::base_option(const ScannedOption& found) {
    Diagnosed<void> done;
    switch (found.letter) {
    case 'h': return help();
    case 'V':
        return std::unexpected(Diagnosis{0,
                                         {},
                                         inverted_ ? fmt::format("Not {} ;-)\n", kVariantVersion)
                                                   : fmt::format("{} v{}\n", program_.name, kVariantVersion)});
    case '4':
    case '6':
        if ((found.letter == '4') == (program_.family == Family::V4)) break;
        if (program_.restore) return false;
        return program_.try_help("");
    case 't':
        if (inverted_) return program_.parameter_problem("unexpected ! flag before --table");
        if (program_.restore)
            return program_.parameter_problem(fmt::format("The -t option cannot be used in {}.\n", program_.name));
        command_.table = found.value;
        break;
    case 'v':
        if (command_.verbose == 0) done = set_option(kVerbose);
        ++command_.verbose;
        break;
    case 'n':
        done = set_option(kNumeric);
        command_.numeric = true;
        break;
    case 'x':
        done = set_option(kExpanded);
        command_.exact = true;
        break;
    case '0':
        done = set_option(kLineNumbers);
        command_.line_numbers = true;
        break;
    case 'M': break; // no module is ever loaded by hand
    case 'w': done = parse_wait(found); break;
    case 'W': done = parse_wait_interval(found); break;
    case 'c': done = parse_counters(found.value); break;
    case 's':
    case 'd':
    case 'p':
    case 'i':
    case 'o':
    case 'f':
    case 'm':
    case 'j':
    case 'g': done = rule_option(found); break;
    default: done = verb_option(found); break;
    }
    if (!done) return std::unexpected(done.error());
    return true;
}

// Which options a verb allows (iptables/xshared.c, options_v_commands).
Diagnosed<void> CommandParser::check_option_use() const {
    const auto allowed_with = [](std::uint32_t option) -> std::uint32_t {
        switch (option) {
        case kVerbose: return ~0U;
        case kNumeric:
        case kExpanded:
        case kLineNumbers: return kList;
        case kCounters: return kInsert | kReplace | kAppend | kSetPolicy;
        default: return kRuleVerbs;
        }
    };
    for (std::uint32_t option = 1; option <= kFragment; option <<= 1)
        if ((options_ & option) != 0 && (allowed_with(option) & command_.verbs) == 0)
            return program_.parameter_problem(
                fmt::format("Illegal option `{}' with this command", option_name(option)));
    return {};
}

Diagnosed<void> CommandParser::finish() {
    if (command_.table == "nat" && (command_.policy == "DROP" || command_.rule.target == "DROP"))
        return program_.parameter_problem("\nThe \"nat\" table is not intended for filtering, "
                                          "the use of DROP is therefore inhibited.\n\n");
    if (command_.wait == 0 && wait_interval_given_)
        return program_.parameter_problem("--wait-interval only makes sense with --wait\n");
    if (auto done = finish_extensions(); !done) return done;
    if (scanner_.words_left()) return program_.parameter_problem("unknown arguments found on commandline");
    if (command_.verbs == kNoVerb) return program_.parameter_problem("no command specified");
    if (inverted_) return program_.parameter_problem("nothing appropriate following !");
    if (auto done = resolve_addresses(); !done) return done;
    if (auto done = check_option_use(); !done) return done;
    if (command_.chain.size() >= kMaxChainName)
        return program_.parameter_problem(
            fmt::format("chain name `{}' too long (must be under {} chars)", command_.chain, kMaxChainName));
    if ((command_.verbs & kRuleVerbs) != 0) {
        const auto& chain = command_.chain;
        std::uint32_t nonsense = 0;
        if (chain == "PREROUTING" || chain == "INPUT") nonsense = kOutInterface;
        if (chain == "POSTROUTING" || chain == "OUTPUT") nonsense = kInInterface;
        if ((options_ & nonsense) != 0)
            return program_.parameter_problem(fmt::format("Can't use {} with {}", option_name(nonsense), chain));
    }
    return {};
}

Diagnosed<Command> parse_command(std::span<const std::string_view> args, std::string_view table, const Program& program,
                                 std::string* warnings) {
    return CommandParser(args, table, program, warnings).parse();
}

} // namespace xtbpf
