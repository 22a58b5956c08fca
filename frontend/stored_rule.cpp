// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/stored_rule.hpp"

#include "frontend/command.hpp"
#include "frontend/goal.hpp"
#include "frontend/tokens.hpp"

namespace xtbpf {

namespace {

// Whether `-j` or `-g` stands at `at` as a word of its own.
bool option_at(std::string_view text, std::size_t at) {
    return text[at] == '-' && at + 3 < text.size() && (text[at + 1] == 'j' || text[at + 1] == 'g') &&
           text[at + 2] == ' ';
}

TextJump jump_at(std::string_view text, std::size_t at) {
    const std::size_t begin = at + 3;
    const std::size_t end = text.find(' ', begin);
    return {begin, text.substr(begin, end == std::string_view::npos ? end : end - begin), at == 0 ? 0 : at - 1};
}

Diagnosed<Command> parse_text(std::string_view text, Family family, TableId table) {
    Program program;
    program.family = family;
    Tokens tokens;
    tokens.add("-A");
    tokens.add("stored");
    if (auto split = tokens.split(text); !split) return program.parameter_problem(std::string(split.error()));
    return parse_command(tokens.words(), name(table), program, nullptr);
}

} // namespace

// Words in quotes aren't options. A bare word may look like one (`--comment -j`), which the parser must settle then.
std::optional<TextJump> jump_of(std::string_view text) {
    std::optional<TextJump> found;
    bool quoted = false, word_begins = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
            word_begins = false;
            continue;
        }
        if (word_begins && option_at(text, i)) {
            if (found) { // the real one's target is what the parser finds
                for (Family family : {Family::V4, Family::V6})
                    if (auto command = parse_text(text, family, TableId::Filter))
                        for (std::size_t at = 0; at < text.size(); ++at)
                            if ((at == 0 || text[at - 1] == ' ') && option_at(text, at) &&
                                jump_at(text, at).target == command->rule.target)
                                found = jump_at(text, at);
                return found;
            }
            found = jump_at(text, i);
        }
        quoted = c == '"';
        word_begins = c == ' ';
    }
    return found;
}

Result<Rule> parse_stored_rule(std::string_view text, Family family, TableId table,
                               const std::function<bool(std::string_view)>& is_chain) {
    auto command = parse_text(text, family, table);
    if (!command) return fail(ErrorKind::BadParameter, std::move(command.error().err));
    Rule rule = std::move(command->rule);
    rule.source = command->sources.front();
    rule.destination = command->destinations.front();
    if (auto settled = settle_goal(rule, is_chain(rule.target)); !settled) return std::unexpected(settled.error());
    return rule;
}

} // namespace xtbpf
