// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/backend.hpp"

#include "datapath/early_stage.hpp"
#include "datapath/fitted_objects.hpp"
#include "datapath/live_table.hpp"
#include "datapath/self_check.hpp"
#include "datapath/store.hpp"
#include "kmod-shim/anchor.hpp"
#include "translator/chains.hpp"
#include "translator/placement.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <future>
#include <map>
#include <utility>

namespace xtbpf {

namespace {

// Others may change their own nf_tables tables at any time; that isn't ours to fail on.
constexpr int kCommitTries = 16;

// What a command has read and works on.
struct Read {
    std::uint32_t generation = 0; // of nf_tables, before the store was read
    std::optional<CurrentStore> store;
    bool removed = false; // the store isn't in the anchor any more
};

Result<Read> read_now(Family family, TableId table) {
    const Result<std::uint32_t> generation = anchor::generation_id();
    if (!generation) return std::unexpected(generation.error());
    Result<std::optional<CurrentStore>> store = read_store(family, table);
    if (!store) return std::unexpected(store.error());
    return Read{*generation, std::move(*store), false};
}

// Of each hook's program, in the order of hooks_of.
std::vector<Expectation> expectations(const ir::Table& table) {
    std::vector<Expectation> expected;
    for (const Hook hook : hooks_of(table.id))
        expected.push_back(expectation(table, hook));
    return expected;
}

class KernelBackend final : public Backend {
  public:
    KernelBackend(LowerTable lower, LoadPrograms load) : lower_(std::move(lower)), load_(std::move(load)) {}

    Result<std::optional<StoredTable>> read(Family family, TableId table) override {
        Result<Read> now = read_now(family, table);
        if (!now) return std::unexpected(now.error());
        Read& kept = reads_[{family, table}] = std::move(*now);
        if (!kept.store) return std::nullopt;
        return kept.store->table;
    }

    std::uint64_t made(Family family, TableId table) const override {
        const auto read = reads_.find({family, table});
        return read == reads_.end() || !read->second.store ? 0 : read->second.store->made;
    }

    Result<std::unique_ptr<LiveTable>> live(Family family, TableId table) override {
        return open_live_table(family, table);
    }

    // On another CPU, while the rules are parsed.
    void expect_commit() override {
        look_for_fitted();
        if (!any_fitted() && !fitting_.valid())
            fitting_ = std::async(std::launch::async | std::launch::deferred,
                                  [] { static_cast<void>(fit_exact()); }); // an error shows in load_
    }

    Result<void> commit(StoredTable next, ir::Table program) override {
        return swap(std::move(next), std::move(program), Purpose::Commit);
    }

    Result<void> put_back(CurrentStore held, ir::Table program) {
        StoredTable next = held.table;
        const Result<std::uint32_t> generation = anchor::generation_id();
        if (!generation) return std::unexpected(generation.error());
        const auto anchored = anchor::inspect(next.family, next.id);
        if (!anchored) return std::unexpected(anchored.error());
        if (*anchored && (*anchored)->tag != held.tag) return fail(ErrorKind::Overtaken, "the table has other rules");
        reads_[{next.family, next.id}] = {*generation, std::move(held), !*anchored};
        return swap(std::move(next), std::move(program), Purpose::Commit);
    }

    Result<void> check(StoredTable next, ir::Table program) override {
        return swap(std::move(next), std::move(program), Purpose::Check);
    }

  private:
    enum class Purpose : std::uint8_t { Commit, Check };
    using Send = Result<void> (*)(anchor::Socket&, const anchor::TablePlan&, std::uint32_t);

    Result<void> swap(StoredTable next, ir::Table program, Purpose purpose) {
        const Family family = next.family;
        const TableId table = next.id;
        const Result<early::Choice> choice = early::choice_from_environment();
        if (!choice) return std::unexpected(choice.error());
        auto read = reads_.extract({family, table}); // good for one commit: afterwards it is no more what is in force
        if (read.empty()) {
            Result<Read> now = read_now(family, table);
            if (!now) return std::unexpected(now.error());
            read = reads_.extract(reads_.emplace(std::pair{family, table}, std::move(*now)).first);
        }
        Read& current = read.mapped();
        Result<NewStore> store = build_store(next, program, current.store ? &*current.store : nullptr);
        if (!store) return std::unexpected(store.error());
        if (!current.store) look_for_fitted();
        // The interpreter looks at each rule for each packet: that takes no longer beside the loading.
        auto expecting = std::async(std::launch::async | std::launch::deferred, expectations, std::cref(program));
        const Result<ExactPrograms> programs = load_(program, store->counters.fds(), store->limits.fds());
        if (!programs) return std::unexpected(programs.error());
        if (Result<void> held = hold(*store, programs->image ? programs->image.get() : -1); !held) return held;
        anchor::TablePlan plan{.family = family,
                               .table = table,
                               .hooks = {},
                               .holder = store->holder.get(),
                               .tag = store->tag,
                               .conntrack = needs_conntrack(program)};
        const std::vector<Expectation> expected = expecting.get();
        for (std::size_t index = 0; index < programs->hooks.size(); ++index) {
            const HookPrograms& hook = programs->hooks[index];
            if (hook.empty && !accepts_all(program, hook.hook))
                return fail(ErrorKind::Refused, fmt::format("self-check: {} has no program", name(hook.hook)));
            if (!hook.empty)
                if (auto checked = self_check(expected[index], family, hook.main.get()); !checked) return checked;
            plan.hooks.push_back(programs->plan(hook));
        }
        Result<anchor::Socket> socket = anchor::Socket::open(); // closed at the very end: see anchor::commit
        if (!socket) return std::unexpected(socket.error());
        if (purpose == Purpose::Check) return send_until_through(*socket, plan, current, anchor::check);
        std::optional<ClosedTable> closed;
        if (current.store) {
            auto close = ClosedTable::close(*current.store);
            if (!close) return std::unexpected(close.error());
            closed.emplace(std::move(*close));
        }
        // The early stage must neither drop what the new rules accept nor go on with rules that are gone.
        const auto were_on = early::switch_off();
        if (!were_on) return std::unexpected(were_on.error());
        if (Result<void> sent = send_until_through(*socket, plan, current, anchor::commit); !sent) {
            (void)early::switch_on(*were_on); // left off, it only costs speed
            return sent;
        }
        if (closed) closed->replaced();
        // The rules are in force now; what goes wrong from here on shows in `xtbpf status`.
        (void)early::apply_with_others({std::move(program), std::move(store->counters)}, lower_, *choice);
        keep_fitted(store->holder.get());
        return {};
    }

    // Any other table's store may keep what this one needs.
    void look_for_fitted() {
        if (std::exchange(looked_, true)) return;
        for (const Family family : {Family::V4, Family::V6})
            for (const TableId table : kTables)
                if (!any_fitted()) find_fitted(family, table);
    }

    // The generation tells that somebody changed something in nf_tables; if it wasn't this table, the plan still
    // stands.
    static Result<void> send_until_through(anchor::Socket& socket, const anchor::TablePlan& plan, Read& current,
                                           Send send) {
        for (int attempt = 0;; ++attempt) {
            Result<void> sent = send(socket, plan, current.generation);
            if (sent || sent.error().kind != ErrorKind::Overtaken || attempt == kCommitTries) return sent;
            const Result<std::uint32_t> generation = anchor::generation_id();
            if (!generation) return std::unexpected(generation.error());
            const Result<std::optional<anchor::Anchored>> anchored = anchor::inspect(plan.family, plan.table);
            if (!anchored) return std::unexpected(anchored.error());
            const bool expected = current.store && !current.removed;
            const bool same = expected ? *anchored && (*anchored)->tag == current.store->tag : !*anchored;
            if (!same) return sent;
            current.generation = *generation;
        }
    }

    LowerTable lower_;
    LoadPrograms load_;
    std::map<std::pair<Family, TableId>, Read> reads_;
    std::future<void> fitting_;
    bool looked_ = false; // for what is fitted
};

} // namespace

Result<void> put_back(CurrentStore held, ir::Table program, LowerTable lower) {
    return KernelBackend(std::move(lower), load_exact).put_back(std::move(held), std::move(program));
}

std::unique_ptr<Backend> make_kernel_backend(LowerTable lower, LoadPrograms load) {
    return std::make_unique<KernelBackend>(std::move(lower), std::move(load));
}

} // namespace xtbpf
