// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/rules.hpp"

#include "datapath/accounts.hpp"
#include "datapath/store.hpp"
#include "frontend/backend.hpp"
#include "frontend/extensions/ip_set.hpp"
#include "frontend/lower.hpp"
#include "frontend/restore.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

namespace xtbpf::tool {

namespace {

// Keeps what is committed.
class Collector final : public Backend {
  public:
    Result<std::optional<StoredTable>> read(Family, TableId table) override {
        const auto found = find(table);
        if (found == rules.end()) return std::nullopt;
        return found->stored;
    }
    std::uint64_t made(Family, TableId) const override { return 0; }
    Result<void> check(StoredTable, ir::Table) override { return {}; }
    Result<void> commit(StoredTable next, ir::Table program) override {
        if (auto assigned = assign_accounts(next, program, nullptr); !assigned)
            return std::unexpected(assigned.error());
        if (const auto found = find(next.id); found != rules.end()) rules.erase(found);
        rules.push_back({std::move(next), std::move(program)});
        return {};
    }

    Rules rules;

  private:
    Rules::iterator find(TableId table) {
        return std::ranges::find(rules, table, [](const RuleTable& each) { return each.stored.id; });
    }
};

// What is in a set is for the kernel to say, and never asked here: any name will do.
class AnySet final : public SetIndex {
  public:
    Result<std::optional<IpSet>> find(std::string_view) override { return IpSet{}; }
    Result<std::optional<std::string>> name_of(std::uint16_t) override { return std::nullopt; }
};

Result<Rules> restore(std::istream& in, Family family) {
    AnySet sets;
    use_set_index(&sets);
    Collector collector;
    Program program;
    program.family = family;
    program.name = family == Family::V4 ? "iptables-restore" : "ip6tables-restore";
    program.restore = true;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> nowhere(std::fopen("/dev/null", "we"), std::fclose);
    if (!nowhere) return fail(ErrorKind::Refused, fmt::format("/dev/null: {}", std::strerror(errno)));
    const Streams silent{nullptr, nowhere.get(), nullptr};
    RestoreOptions options;
    options.locked = false;
    Restore lines(options, program, collector, silent);
    Diagnosed<void> done;
    for (std::string text; done && std::getline(in, text);) {
        text += '\n';
        const std::string_view line = text;
        done = lines.lines({&line, 1});
    }
    if (done) done = lines.finish();
    use_set_index(nullptr);
    if (done) return std::move(collector.rules);
    std::string message = std::move(done.error().err);
    while (message.ends_with('\n'))
        message.pop_back();
    return fail(ErrorKind::Refused, std::move(message));
}

} // namespace

Result<Rules> rules_of_text(const std::string& text, Family family) {
    std::istringstream in(text);
    return restore(in, family);
}

Result<Rules> rules_of_file(const std::string& path, Family family) {
    if (path == "-") return restore(std::cin, family);
    std::ifstream file(path);
    if (!file) return fail(ErrorKind::Refused, fmt::format("{}: {}", path, std::strerror(errno)));
    // A directory can be opened, too. Who can't read a file must not tell of no rules.
    errno = 0;
    if (file.peek(); errno != 0) return fail(ErrorKind::Refused, fmt::format("{}: {}", path, std::strerror(errno)));
    auto rules = restore(file, family);
    if (rules && file.bad()) return fail(ErrorKind::Refused, fmt::format("{}: {}", path, std::strerror(errno)));
    if (rules || rules.error().kind != ErrorKind::Refused) return rules;
    return fail(ErrorKind::Refused, fmt::format("{}: {}", path, rules.error().message));
}

Result<RuleTable> rule_table(const StoredTable& table) {
    auto linked = link(table);
    if (!linked) return std::unexpected(linked.error());
    // Accounts are complete: this only copies them into the IR.
    if (auto assigned = assign_accounts(linked->stored, linked->program, &table); !assigned)
        return std::unexpected(assigned.error());
    return RuleTable{std::move(linked->stored), std::move(linked->program)};
}

Result<Rules> rules_in_force(Family family) {
    Rules rules;
    for (const TableId id : kTables) {
        auto store = read_store(family, id);
        if (!store) return std::unexpected(store.error());
        if (!*store) continue;
        auto table = rule_table((*store)->table);
        if (!table) return std::unexpected(table.error());
        rules.push_back(std::move(*table));
    }
    return rules;
}

} // namespace xtbpf::tool
