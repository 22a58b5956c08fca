// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/interface.hpp"

#include "frontend/applets.hpp"
#include "frontend/iptc/extension_codec.hpp"
#include "frontend/iptc/revisions.hpp"
#include "frontend/lower.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

namespace xtbpf::iptc {

namespace {

// Both families have the same heads.
static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo) && sizeof(ipt_replace) == sizeof(ip6t_replace));
static_assert(offsetof(ipt_replace, entries) == offsetof(ip6t_replace, entries));
static_assert(offsetof(ipt_get_entries, entrytable) == offsetof(ip6t_get_entries, entrytable));
static_assert(NF_INET_NUMHOOKS == kHooks);

constexpr std::size_t kReplaceHead = offsetof(ipt_replace, entries);
constexpr std::size_t kEntriesHead = offsetof(ipt_get_entries, entrytable);
constexpr std::size_t kCountersHead = offsetof(xt_counters_info, counters);

// The head of a value, whatever follows it.
template <typename Head> Head head_from(View value, std::size_t size) {
    Head head{};
    std::memcpy(static_cast<void*>(&head), value.data(), size);
    return head;
}

Answer<TableId> table_of(const char (&name)[XT_TABLE_MAXNAMELEN]) {
    const std::string_view text(name, strnlen(name, XT_TABLE_MAXNAMELEN - 1));
    const auto table = table_by_name(text);
    if (!table) return refuse(ENOENT, {});
    return *table;
}

// What the kernel's errno says, in iptables' words, is an errno again; it needs no more words.
Refusal refusal_of(const Error& error) {
    if (error.kind == ErrorKind::Denied) return {EPERM, {}};
    if (error.kind == ErrorKind::Overtaken || error.kind == ErrorKind::Locked) return {EAGAIN, {}};
    if (error.message.starts_with("Invalid argument.")) return {EINVAL, {}};
    if (error.message == "No chain/target/match by that name.") return {ENOENT, {}};
    if (error.message == "Too many levels of symbolic links.") return {ELOOP, {}};
    if (error.message == "Numerical result out of range.") return {ERANGE, {}};
    return {EINVAL, error.message};
}

Answer<StoredTable> read(Family family, TableId table, Backend& backend) {
    auto stored = backend.read(family, table);
    if (stored && !*stored) { // the kernel makes it when somebody asks
        touch_table(family, table, backend);
        stored = backend.read(family, table);
    }
    if (!stored) return std::unexpected(refusal_of(stored.error()));
    if (*stored) return std::move(**stored);
    return WorkTable(family, table).take();
}

Answer<void> commit(StoredTable next, Backend& backend) {
    auto linked = link(std::move(next));
    if (!linked) return std::unexpected(refusal_of(linked.error()));
    if (auto done = backend.commit(std::move(linked->stored), std::move(linked->program)); !done)
        return std::unexpected(refusal_of(done.error()));
    return {};
}

Answer<Bytes> info(const Request& request, Backend& backend) {
    if (request.value.size() != sizeof(ipt_getinfo)) return refuse(EINVAL, "get info: another size");
    auto info = head_from<ipt_getinfo>(request.value, sizeof(ipt_getinfo));
    const auto table = table_of(info.name);
    if (!table) return std::unexpected(table.error());
    const auto stored = read(request.family, *table, backend);
    if (!stored) return std::unexpected(stored.error());
    const auto layout = encode_table(*stored, request.age);
    if (!layout) return std::unexpected(layout.error());
    info.valid_hooks = layout->valid_hooks;
    std::ranges::copy(layout->hook_entry, info.hook_entry);
    std::ranges::copy(layout->underflow, info.underflow);
    info.num_entries = static_cast<std::uint32_t>(layout->counters.size());
    info.size = static_cast<std::uint32_t>(layout->entries.size());
    Bytes bytes(sizeof info);
    std::memcpy(bytes.data(), &info, sizeof info);
    return bytes;
}

Answer<Bytes> entries(const Request& request, Backend& backend) {
    if (request.value.size() < kEntriesHead) return refuse(EINVAL, "get entries: another size");
    const auto get = head_from<ipt_get_entries>(request.value, kEntriesHead);
    if (request.value.size() != kEntriesHead + get.size) return refuse(EINVAL, "get entries: another size");
    const auto table = table_of(get.name);
    if (!table) return std::unexpected(table.error());
    const auto stored = read(request.family, *table, backend);
    if (!stored) return std::unexpected(stored.error());
    auto layout = encode_table(*stored, request.age);
    if (!layout) return std::unexpected(layout.error());
    if (layout->entries.size() != get.size) return refuse(EAGAIN, "get entries: the table has changed");
    write_counters(*layout, request.family);
    Bytes bytes(request.value.begin(), request.value.begin() + kEntriesHead);
    bytes.insert(bytes.end(), layout->entries.begin(), layout->entries.end());
    return bytes;
}

Answer<Bytes> revision(const Request& request) {
    if (request.value.size() != sizeof(xt_get_revision)) return refuse(EINVAL, "get revision: another size");
    const auto asked = head_from<xt_get_revision>(request.value, sizeof(xt_get_revision));
    const std::string_view name(asked.name, strnlen(asked.name, sizeof asked.name));
    const bool target = request.question == Question::TargetRevision;
    const int error = revision_error(name, asked.revision, request.family, target);
    if (error != 0 && !is_older_revision(name, asked.revision, request.family, target)) return refuse(error, {});
    return Bytes(request.value.begin(), request.value.end());
}

Answer<Bytes> replace(const Request& request, Backend& backend) {
    if (request.value.size() < kReplaceHead) return refuse(EINVAL, "replace: another size");
    const auto head = head_from<ipt_replace>(request.value, kReplaceHead);
    const View entries = request.value.subspan(kReplaceHead);
    if (head.num_counters == 0 || head.size > entries.size() || head.num_entries > head.size)
        return refuse(EINVAL, "replace: another size");
    const auto table = table_of(head.name);
    if (!table) return std::unexpected(table.error());
    Layout layout;
    layout.entries.assign(entries.begin(), entries.begin() + head.size);
    layout.counters.resize(head.num_entries);
    layout.valid_hooks = head.valid_hooks;
    std::ranges::copy(head.hook_entry, layout.hook_entry.begin());
    std::ranges::copy(head.underflow, layout.underflow.begin());
    auto next = decode_table(layout, request.family, *table);
    if (!next) return std::unexpected(next.error());
    const auto current = read(request.family, *table, backend);
    if (!current) return std::unexpected(current.error());
    const std::vector<Counters> old = counters_in_layout(*current);
    if (old.size() != head.num_counters) return refuse(EAGAIN, "replace: the table has changed");
    keep_slots(*next, *current);
    if (auto done = commit(std::move(*next), backend); !done) return std::unexpected(done.error());
    static_assert(sizeof(Counters) == sizeof(xt_counters));
    Bytes bytes(old.size() * sizeof(xt_counters));
    std::memcpy(bytes.data(), old.data(), bytes.size());
    return bytes;
}

Answer<Bytes> add_counters(const Request& request, Backend& backend) {
    if (request.value.size() < kCountersHead) return refuse(EINVAL, "add counters: another size");
    const auto head = head_from<xt_counters_info>(request.value, kCountersHead);
    const View values = request.value.subspan(kCountersHead);
    if (values.size() != head.num_counters * sizeof(xt_counters)) return refuse(EINVAL, "add counters: another size");
    const auto table = table_of(head.name);
    if (!table) return std::unexpected(table.error());
    auto stored = read(request.family, *table, backend);
    if (!stored) return std::unexpected(stored.error());
    const std::vector<Account*> accounts = accounts_in_layout(*stored);
    if (accounts.size() != head.num_counters) return refuse(EINVAL, {}); // it has changed since
    bool any = false;
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        Counters more{};
        std::memcpy(&more, values.data() + i * sizeof more, sizeof more);
        if (accounts[i] == nullptr || more == Counters{}) continue;
        accounts[i]->counters += more;
        accounts[i]->set = any = true;
    }
    if (any)
        if (auto done = commit(std::move(*stored), backend); !done) return std::unexpected(done.error());
    return Bytes{};
}

// The kernel puts a new table first (net/netfilter/x_tables.c, xt_register_table).
Answer<Bytes> names(const Request& request, Backend& backend) {
    std::vector<std::pair<std::uint64_t, TableId>> tables;
    for (const TableId table : kTables) {
        const auto stored = backend.read(request.family, table);
        if (!stored) return std::unexpected(refusal_of(stored.error()));
        if (*stored) tables.emplace_back(backend.made(request.family, table), table);
    }
    std::ranges::sort(tables, std::ranges::greater{});
    std::string text;
    for (const auto& [made, table] : tables)
        (text += name(table)) += '\n';
    return Bytes(text.begin(), text.end());
}

} // namespace

Answer<Bytes> answer(const Request& request, Backend& backend) {
    switch (request.question) {
    case Question::Info: return info(request, backend);
    case Question::Entries: return entries(request, backend);
    case Question::MatchRevision:
    case Question::TargetRevision: return revision(request);
    case Question::Replace: return replace(request, backend);
    case Question::AddCounters: return add_counters(request, backend);
    case Question::Names: return names(request, backend);
    }
    return refuse(ENOPROTOOPT, {});
}

} // namespace xtbpf::iptc
