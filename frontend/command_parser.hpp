// SPDX-License-Identifier: GPL-2.0-or-later
// The state of parsing one command. Private to command_parser.cpp, command_numbers.cpp and rule_options.cpp; the way in is parse_command.
#pragma once

#include "frontend/command.hpp"
#include "frontend/option_scanner.hpp"

#include <vector>

namespace xtbpf {

class CommandParser {
  public:
    CommandParser(std::span<const std::string_view> args, std::string_view table, const Program& program,
                  std::string* warnings);
    Diagnosed<Command> parse();

  private:
    // Options that may be given once; the order and the names are iptables/xshared.c's (ip46t_option_name).
    enum Option : std::uint32_t {
        kNumeric = 1 << 0,
        kSource = 1 << 1,
        kDestination = 1 << 2,
        kProtocol = 1 << 3,
        kJump = 1 << 4,
        kVerbose = 1 << 5,
        kExpanded = 1 << 6,
        kInInterface = 1 << 7,
        kOutInterface = 1 << 8,
        kLineNumbers = 1 << 9,
        kCounters = 1 << 10,
        kFragment = 1 << 11,
    };
    static std::string_view option_name(std::uint32_t option);

    // One option of the program itself; false: the line is for the other family.
    Diagnosed<bool> base_option(const ScannedOption& found);
    Diagnosed<void> verb_option(const ScannedOption& found);
    Diagnosed<void> rule_option(const ScannedOption& found);
    Diagnosed<void> add_verb(std::uint32_t verb, std::uint32_t compatible);
    Diagnosed<void> set_option(std::uint32_t option, bool* inverted = nullptr);
    Diagnosed<std::uint32_t> rule_number(std::string_view text) const;
    Diagnosed<void> number_to_delete(std::string_view text);
    void take_chain(const ScannedOption& found);
    Diagnosed<void> parse_counters(std::string_view packets);
    Diagnosed<void> parse_wait(const ScannedOption& found);
    Diagnosed<void> parse_wait_interval(const ScannedOption& found);
    Diagnosed<void> check_option_use() const;
    Diagnosed<void> finish();

    // rule_options.cpp
    Diagnosed<void> protocol_option(std::string_view value);
    Diagnosed<void> interface_option(std::uint32_t option, std::string_view value, std::string& name, bool& inverted);
    Diagnosed<void> jump_option(std::string_view value);
    Diagnosed<void> match_option(std::string_view value);
    Diagnosed<void> extension_option(const ScannedOption& found);
    Diagnosed<bool> load_protocol_match(); // true: the option may be known now
    Diagnosed<void> finish_extensions();
    Diagnosed<void> resolve_addresses();
    void add_match(const MatchDef& def);
    RuleContext context();
    Diagnosed<void> diagnosed(const Result<void>& done) const;
    void warn(std::string_view text);
    std::unexpected<Diagnosis> help();

    const Program& program_;
    std::string* warnings_; // see parse_command
    OptionScanner scanner_;
    Command command_;
    std::uint32_t options_ = 0;
    bool inverted_ = false; // a `!` waits for its option
    bool protocol_match_tried_ = false, wait_interval_given_ = false;
    std::string protocol_text_;
    std::string_view source_text_, destination_text_;

    struct Group {                       // of extension options
        const MatchDef* match = nullptr; // nullptr: the target's
    };
    std::vector<Group> groups_;             // as the scanner numbers them
    std::vector<std::uint32_t> match_used_; // use_option's `used`, beside rule.matches
    std::uint32_t target_used_ = 0;
};

} // namespace xtbpf
