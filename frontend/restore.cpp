// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/restore.hpp"

#include "frontend/applets.hpp"
#include "frontend/command.hpp"
#include "frontend/dump_table.hpp"
#include "frontend/execute.hpp"
#include "frontend/lower.hpp"

#include <algorithm>
#include <cinttypes>
#include <fmt/format.h>

namespace xtbpf {

namespace {

// strtok's next word.
std::string_view next_word(std::string_view& text) {
    constexpr std::string_view kBlanks = " \t\n";
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    auto end = text.find_first_of(kBlanks, begin);
    if (end == std::string_view::npos) end = text.size();
    const auto word = text.substr(begin, end - begin);
    text.remove_prefix(end < text.size() ? end + 1 : end);
    return word;
}

// Lines that are about the table as a whole, or about none.
bool is_rule_line(std::string_view text) {
    return text != "\n" && !text.starts_with('#') && !text.starts_with(':') && text != "COMMIT\n";
}

} // namespace

// "iptables-restore: line 3 failed"; what the reason is worth telling comes first.
Diagnosed<void> Restore::failed(std::string_view reason) const {
    std::string text;
    if (!reason.empty()) text = fmt::format("{}: {}\n", program_.name, reason);
    return std::unexpected(Diagnosis{1, text + fmt::format("{}: line {} failed\n", program_.name, program_.line), {}});
}

Diagnosed<void> Restore::lines(std::span<const std::string_view> lines) {
    while (!lines.empty()) {
        Diagnosed<void> done;
        std::size_t count = 1;
        if (table_ && is_rule_line(lines.front())) {
            while (count < lines.size() && is_rule_line(lines[count]))
                ++count;
            done = rules(lines.first(count));
        } else {
            done = line(lines.front());
        }
        if (!done) return done;
        lines = lines.subspan(count);
    }
    return {};
}

// One that holds no rule.
Diagnosed<void> Restore::line(std::string_view text) {
    ++program_.line;
    if (text == "\n") return {};
    if (text.starts_with('#')) {
        if (options_.verbose > 0) streams_.say(text);
        return {};
    }
    if (!table_ && text.starts_with('*')) return begin_table(text.substr(1));
    if (!table_) {
        // Lines of a table that -T passes over; before the first table nothing is known to be of interest either.
        if (options_.only_table && *options_.only_table != table_name_) return {};
        return failed();
    }
    if (text == "COMMIT\n") return commit();
    return chain_line(text.substr(1));
}

Diagnosed<void> Restore::finish() {
    if (!table_) return {};
    return std::unexpected(
        Diagnosis{1, fmt::format("{}: COMMIT expected at line {}\n", program_.name, program_.line + 1), {}});
}

Diagnosed<void> Restore::begin_table(std::string_view rest) {
    auto lock = options_.locked ? XtablesLock::take(options_.wait) : XtablesLock();
    if (!lock) return std::unexpected(std::move(lock.error()));
    const auto wanted = next_word(rest);
    if (wanted.empty())
        return program_.parameter_problem(fmt::format("{}: line {} table name invalid", program_.name, program_.line));
    table_name_ = wanted;
    if (options_.only_table && *options_.only_table != table_name_) return {};
    auto opened = open_table(table_name_, program_.family, backend_);
    if (!opened)
        return program_.parameter_problem(
            fmt::format("{}: unable to initialize table '{}'", program_.name, table_name_));
    lock_ = std::move(*lock);
    backend_.expect_commit();
    table_ = std::move(opened->table);
    // -v goes on to the commands, unless lines are added to what is there.
    if (options_.verbose > 1 && !options_.noflush) as_read_ = table_->copy();
    if (opened->untouched && !options_.test) untouched_ = table_->id();
    if (options_.noflush) return {};
    for (WorkChain* chain : table_->chains()) {
        if (options_.verbose > 0) streams_.say(fmt::format("Flushing chain `{}'\n", chain->name));
        static_cast<void>(table_->flush(chain->name));
    }
    for (WorkChain* chain : table_->user_chains()) {
        const std::string name = chain->name;
        if (options_.verbose > 0) streams_.say(fmt::format("Deleting chain `{}'\n", name));
        static_cast<void>(table_->delete_chain(name));
    }
    return {};
}

Diagnosed<void> Restore::chain_line(std::string_view rest) {
    const auto name = next_word(rest);
    if (name.empty())
        return program_.parameter_problem(fmt::format("{}: line {} chain name invalid", program_.name, program_.line));
    if (name.size() >= kMaxChainName)
        return program_.parameter_problem(
            fmt::format("Invalid chain name `{}' ({} chars max)", name, kMaxChainName - 1));
    const WorkChain* chain = table_->find(name);
    const bool builtin = chain != nullptr && chain->accept;
    if (!builtin && options_.noflush && chain != nullptr) {
        static_cast<void>(table_->flush(name));
    } else if (!builtin) {
        if (!table_->create_chain(name))
            return program_.parameter_problem(fmt::format("error creating chain '{}':File exists", name));
    }
    const auto policy_name = next_word(rest);
    if (policy_name.empty())
        return program_.parameter_problem(fmt::format("{}: line {} policy invalid", program_.name, program_.line));
    if (policy_name == "-") return {};
    return policy(name, policy_name, next_word(rest));
}

Diagnosed<void> Restore::policy(std::string_view chain, std::string_view policy, std::string_view counters) {
    Counters count;
    if (options_.counters &&
        std::sscanf(std::string(counters).c_str(), "[%" SCNu64 ":%" SCNu64 "]", &count.packets, &count.bytes) != 2)
        return program_.parameter_problem(fmt::format("invalid policy counters for chain '{}'", chain));
    if (table_->set_policy(chain, policy, count)) return {};
    const WorkChain* found = table_->find(chain);
    const bool builtin = found != nullptr && found->accept;
    return program_.problem(
        {ErrorKind::Refused, fmt::format("Can't set policy `{}' on `{}' line {}: {}", policy, chain, program_.line,
                                         builtin ? "Bad policy name" : "Bad built-in chain name")});
}

Diagnosed<void> Restore::rules(std::span<const std::string_view> lines) {
    Program first = program_;
    ++first.line;
    if (parsed_.size() < lines.size()) parsed_.resize(lines.size());
    for (auto& part : parse_rule_lines(lines, options_, table_name_, first, parsed_))
        for (RuleLine& line : part.get())
            if (auto done = rule(line); !done) return done;
    return {};
}

Diagnosed<void> Restore::rule(RuleLine& line) {
    ++program_.line;
    streams_.warn(line.warnings);
    if (!line.command) return std::unexpected(std::move(line.command.error()));
    const auto done = execute(std::move(*line.command), *table_, program_, streams_);
    if (as_read_ && done) dump_to(streams_, program_, *as_read_);
    if (!done) return std::unexpected(done.error());
    if (!*done) return failed();
    return {};
}

Diagnosed<void> Restore::commit() {
    WorkTable table = std::move(*table_);
    table_.reset();
    if (!table.changed() && !untouched_) {
        lock_.reset();
        return {};
    }
    auto linked = link(std::move(table));
    if (!linked) return failed();
    const auto put = options_.test ? backend_.check(std::move(linked->stored), std::move(linked->program))
                                   : backend_.commit(std::move(linked->stored), std::move(linked->program));
    untouched_.reset();
    lock_.reset();
    if (!put) return failed(put.error().message);
    return {};
}

void Restore::give_up() {
    if (untouched_) touch_table(program_.family, *untouched_, backend_);
}

} // namespace xtbpf
