// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/command_line.hpp"

#include <boost/program_options.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <typeinfo>

namespace xtbpf::tool {

namespace {

namespace options = boost::program_options;

constexpr const char* kWords = "words"; // no option of that name is offered

// No number of any option is negative; boost would take -1 for the greatest number there is.
std::optional<std::string> negative(const options::options_description& all, const options::option& said) {
    if (said.value.empty() || !said.value.front().starts_with('-')) return std::nullopt;
    const options::option_description* known = all.find_nothrow(said.string_key, false);
    const auto* typed = known ? dynamic_cast<const options::typed_value_base*>(known->semantic().get()) : nullptr;
    if (!typed || typed->value_type() == typeid(std::string) || typed->value_type() == typeid(std::vector<std::string>))
        return std::nullopt;
    return fmt::format("the argument ('{}') for option '--{}' is invalid", said.value.front(), said.string_key);
}

} // namespace

CommandLine::CommandLine(std::string_view synopsis, std::string_view about) : synopsis_(synopsis), about_(about) {
    options_.add_options()("help,h", "this text");
}

std::string CommandLine::usage() const {
    std::string text = fmt::format("usage: xtbpf {}\n\n{}\n\n", synopsis_, about_);
    for (const auto& option : options_.options()) {
        const std::string argument = option->format_parameter();
        const auto shown = [&](auto style) { return option->canonical_display_name(style); };
        const std::string letter = shown(options::command_line_style::allow_dash_for_short);
        const std::string word = shown(options::command_line_style::allow_long);
        const std::string name = (letter.size() == 2 && letter.front() == '-' ? letter + ", " + word : word) +
                                 (argument.empty() ? "" : " " + argument);
        text += fmt::format("  {:<25} ", name);
        for (const char each : option->description()) // its further lines below the first
            text += each == '\n' ? fmt::format("\n{:28}", "") : std::string(1, each);
        text += '\n';
    }
    return text;
}

std::optional<int> CommandLine::parse(const Arguments& arguments, bool words) {
    options::options_description all;
    all.add(options_).add_options()(kWords, options::value<std::vector<std::string>>());
    options::positional_options_description order;
    if (words) order.add(kWords, -1);
    try {
        const auto parsed = options::command_line_parser(arguments).options(all).positional(order).run();
        for (const auto& option : parsed.options)
            if (const auto wrong = negative(all, option)) return misused(*wrong);
        options::store(parsed, chosen_);
        options::notify(chosen_);
    } catch (const options::error& error) { return misused(error.what()); }
    if (has("help")) {
        fmt::print("{}", usage());
        return kDone;
    }
    words_ = get<std::vector<std::string>>(kWords).value_or(std::vector<std::string>{});
    return std::nullopt;
}

int CommandLine::misused(std::string_view message) const {
    const std::string command = synopsis_.substr(0, synopsis_.find(' '));
    fmt::print(stderr, "xtbpf {}: {}\nTry `xtbpf {} --help' for more information.\n", command, message, command);
    return kUsage;
}

} // namespace xtbpf::tool
