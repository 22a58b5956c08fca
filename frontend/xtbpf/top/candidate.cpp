// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/candidate.hpp"

#include "frontend/applets.hpp"
#include "frontend/command.hpp"
#include "frontend/execute.hpp"
#include "frontend/lower.hpp"
#include "frontend/tokens.hpp"
#include "frontend/xtbpf/words.hpp"
#include "translator/chains.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <ranges>
#include <utility>

namespace xtbpf::tool {

namespace {

constexpr auto kBad = ErrorKind::BadParameter;

// What a program would have printed.
class Printed {
  public:
    Printed() : file_(::open_memstream(&text_, &size_)) {}
    ~Printed() {
        if (file_ != nullptr) std::fclose(file_);
        std::free(text_);
    }
    Printed(const Printed&) = delete;
    Printed& operator=(const Printed&) = delete;

    std::FILE* file() const { return file_; }
    std::string text() const {
        std::fflush(file_);
        std::string out(text_, size_);
        while (out.ends_with('\n'))
            out.pop_back();
        return out;
    }

  private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* file_;
};

std::unexpected<Error> no_memory() { return fail(ErrorKind::Refused, std::strerror(ENOMEM)); }

std::unexpected<Error> said(std::string message) {
    while (message.ends_with('\n'))
        message.pop_back();
    return fail(kBad, std::move(message));
}

Result<RuleTable> linked(WorkTable table) {
    auto done = link(std::move(table));
    if (!done) return std::unexpected(done.error());
    return RuleTable{std::move(done->stored), std::move(done->program)};
}

// Whether more than one way leads from a built-in chain to the chain.
bool entered_again(const ir::Table& table, std::uint32_t chain) {
    return std::ranges::any_of(hooks_of(table.id), [&](Hook hook) {
        const std::uint32_t root = *builtin_chain(table, hook);
        std::vector<std::size_t> ways(table.chains.size());
        ways[root] = 1;
        const ChainOrder order = chain_order(table, root);
        for (const std::uint32_t caller : std::views::reverse(order.callees_first))
            for (const ir::Rule& rule : table.chains[caller].rules)
                if (const auto* jump = std::get_if<ir::Jump>(&rule.action))
                    ways[jump->chain] = std::min<std::size_t>(ways[jump->chain] + ways[caller], 2);
        return ways[chain] > 1;
    });
}

} // namespace

Result<Candidate> read_candidate(const std::string& text, Backend& backend) {
    Candidate out;
    Tokens tokens;
    if (const auto split = tokens.split(text); !split) return said(std::string(split.error()));
    for (const std::string_view word : tokens.words())
        out.words.emplace_back(word);
    if (std::erase(out.words, "-6") != 0) out.family = Family::V6;
    const Program program{.name = std::string(command_word(out.family)), .family = out.family};
    const std::vector<std::string_view> words(out.words.begin(), out.words.end());
    const Printed printed;
    if (printed.file() == nullptr) return no_memory();
    const Streams streams{nullptr, printed.file(), nullptr};
    auto command = parse_command(words, "filter", program, nullptr);
    if (!command) return said(command.error().code == 0 ? "a rule begins with -A or -I" : command.error().err);
    if (command->verbs != kAppend && command->verbs != kInsert) return fail(kBad, "a rule begins with -A or -I");
    out.chain = command->chain;
    out.first = command->number;
    out.count = command->sources.size() * command->destinations.size();
    const bool appends = command->verbs == kAppend;

    auto opened = open_table(command->table, out.family, backend);
    if (!opened) return std::unexpected(opened.error());
    auto now = linked(WorkTable(opened->table.copy()));
    if (!now) return std::unexpected(now.error());
    const auto done = execute(std::move(*command), opened->table, program, streams);
    if (!done) return said(done.error().err);
    if (!*done) return said(fmt::format("{}: {}", program.name, done->error().message));
    if (appends) out.first = opened->table.find(out.chain)->rules.size() - out.count + 1;
    auto then = linked(std::move(opened->table));
    if (!then) return said(fmt::format("{}: {}", program.name, then.error().message));
    out.now = std::move(*now);
    out.then = std::move(*then);
    const auto& chains = out.then.stored.chains;
    const auto chain = std::ranges::find(chains, out.chain, &StoredChain::name);
    out.again = entered_again(out.then.program, static_cast<std::uint32_t>(chain - chains.begin()));
    return out;
}

Result<void> commit_candidate(const Candidate& candidate, Backend& backend) {
    const Printed printed;
    if (printed.file() == nullptr) return no_memory();
    const std::vector<std::string_view> words(candidate.words.begin(), candidate.words.end());
    const Applet applet{.kind = Applet::Kind::Command, .family = candidate.family};
    if (run_applet(applet, words, backend, {nullptr, printed.file(), printed.file()}) == 0) return {};
    return fail(ErrorKind::Refused, printed.text());
}

} // namespace xtbpf::tool
