// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/memory_backend.hpp"

#include <cstdio>
#include <cstdlib>

namespace xtbpf::testing {

namespace {

// Rules of `stored` and `program` correspond one to one; so do the chains.
void number(StoredTable& stored, ir::Table& program) {
    std::uint32_t slots = 0, states = 0;
    for (std::size_t c = 0; c < stored.chains.size(); ++c) {
        StoredChain& chain = stored.chains[c];
        ir::Chain& lowered = program.chains[c];
        if (lowered.builtin) lowered.builtin->slot = chain.account.slot = slots++;
        for (std::size_t r = 0; r < chain.rules.size(); ++r) {
            lowered.rules[r].slot = chain.rules[r].account.slot = slots++;
            for (ir::Predicate& predicate : lowered.rules[r].predicates)
                if (auto* limit = std::get_if<ir::LimitTest>(&predicate)) limit->state = states++;
        }
    }
}

// A stdio stream on a growing text.
class TextStream {
  public:
    TextStream() : file_(::open_memstream(&data_, &size_)) {}
    TextStream(const TextStream&) = delete;
    TextStream& operator=(const TextStream&) = delete;
    ~TextStream() { std::free(data_); }
    std::FILE* file() { return file_; }
    std::string finish() {
        std::fclose(file_);
        return {data_, size_};
    }

  private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* file_;
};

} // namespace

Result<std::optional<StoredTable>> MemoryBackend::read(Family family, TableId table) {
    const auto found = tables.find({family, table});
    if (found == tables.end()) return std::optional<StoredTable>{};
    return found->second.stored;
}

Result<void> MemoryBackend::commit(StoredTable next, ir::Table program) {
    number(next, program);
    const std::pair key{next.family, next.id};
    tables.insert_or_assign(key, Committed{std::move(next), std::move(program)});
    return {};
}

Result<void> MemoryBackend::check(StoredTable, ir::Table) { return {}; }

Ran run(Applet applet, std::span<const std::string_view> args, Backend& backend, std::string_view input) {
    ::setenv("XTABLES_LOCKFILE", "/dev/null", 1);
    // fmemopen refuses an empty buffer.
    std::FILE* const in = input.empty() ? std::fopen("/dev/null", "r") : ::fmemopen(const_cast<char*>(input.data()), input.size(), "r");
    TextStream out, err;
    const int code = run_applet(applet, args, backend, {.in = in, .out = out.file(), .err = err.file()});
    std::fclose(in);
    return {.code = code, .out = out.finish(), .err = err.finish()};
}

} // namespace xtbpf::testing
