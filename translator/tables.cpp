// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/tables.hpp"

#include <algorithm>

namespace xtbpf {

namespace {

constexpr std::array kFilterHooks{Hook::Input, Hook::Forward, Hook::Output};
constexpr std::array kNatHooks{Hook::Prerouting, Hook::Input, Hook::Output, Hook::Postrouting};
constexpr std::array kMangleHooks{Hook::Prerouting, Hook::Input, Hook::Forward, Hook::Output, Hook::Postrouting};
constexpr std::array kRawHooks{Hook::Prerouting, Hook::Output};

} // namespace

std::string_view name(Family family) { return family == Family::V4 ? "ipv4" : "ipv6"; }

std::string_view name(Hook hook) {
    switch (hook) {
    case Hook::Prerouting: return "PREROUTING";
    case Hook::Input: return "INPUT";
    case Hook::Forward: return "FORWARD";
    case Hook::Output: return "OUTPUT";
    case Hook::Postrouting: return "POSTROUTING";
    }
    return "";
}

std::string_view name(TableId table) {
    switch (table) {
    case TableId::Filter: return "filter";
    case TableId::Nat: return "nat";
    case TableId::Mangle: return "mangle";
    case TableId::Raw: return "raw";
    case TableId::Security: return "security";
    }
    return "";
}

std::optional<TableId> table_by_name(std::string_view wanted) {
    for (TableId table : kTables)
        if (name(table) == wanted) return table;
    return std::nullopt;
}

std::optional<Hook> hook_by_chain_name(std::string_view chain) {
    for (Hook hook : kMangleHooks)
        if (name(hook) == chain) return hook;
    return std::nullopt;
}

std::span<const Hook> hooks_of(TableId table) {
    switch (table) {
    case TableId::Filter:
    case TableId::Security: return kFilterHooks;
    case TableId::Nat: return kNatHooks;
    case TableId::Mangle: return kMangleHooks;
    case TableId::Raw: return kRawHooks;
    }
    return {};
}

bool table_has_hook(TableId table, Hook hook) {
    return std::ranges::find(hooks_of(table), hook) != hooks_of(table).end();
}

std::int32_t priority(TableId table, Hook hook) {
    switch (table) {
    case TableId::Raw: return -300;
    case TableId::Mangle: return -150;
    case TableId::Nat: return hook == Hook::Prerouting || hook == Hook::Output ? -100 : 100;
    case TableId::Filter: return 0;
    case TableId::Security: return 50;
    }
    return 0;
}

} // namespace xtbpf
