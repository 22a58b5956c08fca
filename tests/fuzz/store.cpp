// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the reading of the store and its tag: any bytes are read or refused; what is read is written back the same.
#include "datapath/store_format.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace xtbpf;

// Bases by slot, as far as slots are small enough to write them all down; they may be shared by rules in a malformed
// store.
std::vector<Counters> bases_of(const StoredTable& table) {
    std::vector<Counters> bases;
    const auto note = [&](const Account& account) {
        if (account.slot >= 4096) return;
        bases.resize(std::max<std::size_t>(bases.size(), account.slot + 1));
        bases[account.slot] = account.counters;
    };
    for (const StoredChain& chain : table.chains)
        for (const StoredRule& rule : chain.rules)
            note(rule.account);
    return bases;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)parse_tag({data, size});
    (void)parse_store({data, size});
    std::vector<std::uint8_t> bytes(data, data + size);
    seal_store(bytes);
    const auto image = parse_store(bytes);
    if (!image) return 0;
    const auto written = serialize_store(image->table, bases_of(image->table), image->nonce);
    const auto again = parse_store(written);
    if (!again || again->nonce != image->nonce || written.size() != bytes.size()) std::abort();
    if (serialize_store(again->table, bases_of(again->table), again->nonce) != written) std::abort();
    return 0;
}
