// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/rule_lines.hpp"

#include "frontend/tokens.hpp"
#include "translator/in_parts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace xtbpf {

namespace {

constexpr std::size_t kWorthAThread = 256; // lines: a millisecond's work

// strtok with one delimiter.
std::string_view cut(std::string_view& text, char delimiter) {
    text.remove_prefix(std::min(text.find_first_not_of(delimiter), text.size()));
    const auto end = std::min(text.find(delimiter), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

// iptables/xshared.c, tokenize_rule_counters: "[packets:bytes]" before the rule
Diagnosed<Command> parse(std::string_view text, Tokens& tokens, const RestoreOptions& options, std::string_view table,
                         const Program& program, std::string& warnings) {
    tokens.clear();
    for (int i = 0; !options.noflush && i < options.verbose; ++i)
        tokens.add("-v");
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        std::string_view rest = text.substr(1);
        const auto packets = cut(rest, ':'), bytes = cut(rest, ']');
        if (close == std::string_view::npos || packets.empty() || bytes.empty()) {
            const bool colon = close != std::string_view::npos && packets.empty();
            return program.parameter_problem(fmt::format("Bad line {}: need {}", program.line, colon ? ':' : ']'));
        }
        if (options.counters) {
            tokens.add("--set-counters");
            tokens.add(packets);
            tokens.add(bytes);
        }
        text.remove_prefix(close + 1);
    }
    if (auto split = tokens.split(text); !split) return program.parameter_problem(std::string(split.error()));
    return parse_command(tokens.words(), table, program, &warnings);
}

std::span<RuleLine> parse_part(std::span<const std::string_view> lines, const RestoreOptions& options,
                               std::string_view table, Program program, std::span<RuleLine> parsed) {
    Tokens tokens;
    for (std::size_t index = 0; index < lines.size(); ++index) {
        RuleLine& line = parsed[index];
        line.warnings.clear();
        line.command = parse(lines[index], tokens, options, table, program, line.warnings);
        if (!line.command) return parsed.first(index + 1);
        ++program.line;
    }
    return parsed;
}

} // namespace

std::vector<std::future<std::span<RuleLine>>> parse_rule_lines(std::span<const std::string_view> lines,
                                                               const RestoreOptions& options, std::string_view table,
                                                               const Program& program, std::span<RuleLine> parsed) {
    return in_parts(lines.size(), kWorthAThread, [=, &options, &program](std::size_t first, std::size_t end) {
        Program from = program;
        from.line += static_cast<int>(first);
        return parse_part(lines.subspan(first, end - first), options, table, std::move(from),
                          parsed.subspan(first, end - first));
    });
}

} // namespace xtbpf
