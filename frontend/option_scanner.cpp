// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/option_scanner.hpp"

namespace xtbpf {

using Kind = ScannedOption::Kind;

ScannedOption OptionScanner::next() {
    last_ = position_;
    last_cluster_ = cluster_;
    if (!cluster_.empty()) return scan_short();
    ScannedOption found;
    if (position_ >= args_.size()) return found;
    const std::string_view argument = args_[position_++];
    if (argument == "--") return found;
    if (argument.size() < 2 || argument[0] != '-') {
        found.kind = Kind::Word;
        found.value = argument;
        return found;
    }
    if (argument[1] == '-') return scan_long(argument);
    cluster_ = argument.substr(1);
    return scan_short();
}

void OptionScanner::rescan() {
    position_ = last_;
    cluster_ = last_cluster_;
    if (!cluster_.empty() && cluster_.size() == 1) { // the last of its cluster: all of that comes again
        --position_;
        cluster_ = {};
    }
}

// argv[optind - 1], as the texts of iptables have it: getopt steps on only behind the last letter of a cluster.
std::string_view OptionScanner::argument_in_hand() const {
    const std::size_t passed = cluster_.empty() ? position_ : position_ - 1;
    return passed == 0 ? before_ : args_[passed - 1];
}

std::size_t OptionScanner::add_group(std::span<const OptionDef> options) {
    groups_.push_back(options);
    return groups_.size() - 1;
}

std::optional<std::string_view> OptionScanner::take_value() {
    if (!cluster_.empty() || position_ >= args_.size()) return std::nullopt;
    const std::string_view argument = args_[position_];
    if (!argument.empty() && (argument[0] == '-' || argument[0] == '!')) return std::nullopt;
    ++position_;
    return argument;
}

void OptionScanner::give_argument(ScannedOption& found, Argument wanted, std::optional<std::string_view> attached) {
    if (attached) {
        found.value = *attached;
        found.has_value = true;
    } else if (wanted == Argument::Required || wanted == Argument::Two) {
        if (position_ >= args_.size()) {
            found.kind = Kind::MissingArgument;
            found.text = args_[position_ - 1];
            return;
        }
        found.value = args_[position_++];
        found.has_value = true;
    }
}

// Exact names win: the program's own first, then the latest extension's. A prefix must fit one option only (glibc's
// getopt_long: options that agree in argument and value aren't ambiguous).
ScannedOption OptionScanner::scan_long(std::string_view argument) {
    const auto equals = argument.find('=');
    const std::string_view name = argument.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    ScannedOption found;
    found.text = argument;
    Argument wanted = Argument::None;
    int candidates = 0;
    bool exact = false;
    for (const BaseOption& option : base_) {
        if (!option.name.starts_with(name)) continue;
        exact = option.name.size() == name.size();
        if (!exact && candidates == 1 && found.letter == option.letter) continue;
        ++candidates;
        found.kind = Kind::Base;
        found.letter = option.letter;
        wanted = option.argument;
        if (exact) break;
    }
    for (std::size_t group = groups_.size(); !exact && group-- > 0;) {
        for (std::size_t i = 0; i < groups_[group].size(); ++i) {
            const OptionDef& option = groups_[group][i];
            if (!option.name.starts_with(name)) continue;
            ++candidates;
            found.kind = Kind::Extension;
            found.group = group;
            found.option = i;
            wanted = option.argument;
            exact = option.name.size() == name.size();
            if (exact) break;
        }
    }
    std::optional<std::string_view> attached;
    if (equals != std::string_view::npos) attached = argument.substr(equals + 1);
    if ((!exact && candidates != 1) || (attached && wanted == Argument::None)) {
        found.kind = Kind::Unknown;
        found.letter = 0;
        return found;
    }
    give_argument(found, wanted, attached);
    if (found.kind == Kind::MissingArgument) found.letter = 0;
    return found;
}

ScannedOption OptionScanner::scan_short() {
    const char letter = cluster_[0];
    cluster_.remove_prefix(1);
    ScannedOption found;
    for (const BaseOption& option : base_) {
        if (option.letter != letter || letter == '0') continue;
        found.kind = Kind::Base;
        found.letter = letter;
        std::optional<std::string_view> attached;
        if (option.argument != Argument::None && !cluster_.empty()) {
            attached = cluster_;
            cluster_ = {};
        }
        give_argument(found, option.argument, attached);
        return found;
    }
    found.kind = Kind::Unknown;
    found.letter = letter;
    found.text = argument_in_hand();
    return found;
}

} // namespace xtbpf
