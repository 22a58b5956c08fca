// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/layout.hpp"

#include <algorithm>

namespace xtbpf::iptc {

namespace {

void keep(Account& next, const Account& current) {
    next = current;
    next.counters = {};
    next.set = true;
}

// What is the same from the top, then from the bottom: programs make edits in one place.
void keep_rules(std::vector<StoredRule>& next, const std::vector<StoredRule>& current) {
    const std::ptrdiff_t least = std::min(std::ssize(next), std::ssize(current));
    std::ptrdiff_t top = 0, bottom = 0;
    for (; top < least && next.begin()[top].text == current.begin()[top].text; ++top)
        keep(next.begin()[top].account, current.begin()[top].account);
    for (; top + bottom < least && next.rbegin()[bottom].text == current.rbegin()[bottom].text; ++bottom)
        keep(next.rbegin()[bottom].account, current.rbegin()[bottom].account);
}

} // namespace

std::vector<Account*> accounts_in_layout(StoredTable& table) {
    std::vector<Account*> accounts;
    for (StoredChain& chain : table.chains) {
        if (!chain.accept) accounts.push_back(nullptr); // its name
        for (StoredRule& rule : chain.rules)
            accounts.push_back(&rule.account);
        accounts.push_back(chain.accept ? &chain.account : nullptr);
    }
    accounts.push_back(nullptr);
    return accounts;
}

std::vector<Counters> counters_in_layout(StoredTable table) {
    std::vector<Counters> counters;
    for (const Account* account : accounts_in_layout(table))
        counters.push_back(account != nullptr ? account->counters : Counters{});
    return counters;
}

void keep_slots(StoredTable& next, const StoredTable& current) {
    for (StoredChain& chain : next.chains) {
        const auto old = std::ranges::find(current.chains, chain.name, &StoredChain::name);
        if (old == current.chains.end() || old->accept.has_value() != chain.accept.has_value()) continue;
        if (chain.accept) keep(chain.account, old->account);
        keep_rules(chain.rules, old->rules);
    }
}

} // namespace xtbpf::iptc
