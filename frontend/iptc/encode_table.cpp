// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/head.hpp"
#include "frontend/iptc/layout.hpp"
#include "frontend/iptc/revisions.hpp"
#include "frontend/stored_rule.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <unordered_map>

namespace xtbpf::iptc {

namespace {

class Writer {
  public:
    Writer(const StoredTable& table, Age age) : table_(table), age_(age) {
        for (const StoredChain& chain : table.chains)
            starts_[chain.name] = 0;
    }

    Answer<Layout> write() {
        for (const StoredChain& chain : table_.chains)
            if (auto done = chain.accept ? builtin(chain) : user(chain); !done)
                return std::unexpected(std::move(done.error()));
        add(error_entry(table_.family, XT_ERROR_TARGET), {});
        for (const auto& [at, chain] : jumps_)
            set_verdict(std::span(layout_.entries).subspan(at), table_.family,
                        static_cast<std::int32_t>(starts_[chain]));
        return std::move(layout_);
    }

  private:
    std::uint32_t here() const { return static_cast<std::uint32_t>(layout_.entries.size()); }

    void add(const Bytes& entry, const Counters& counters) {
        layout_.entries.insert(layout_.entries.end(), entry.begin(), entry.end());
        layout_.counters.push_back(counters);
    }

    Answer<void> builtin(const StoredChain& chain) {
        const Hook hook = *hook_by_chain_name(chain.name);
        layout_.valid_hooks |= hook_bit(hook);
        layout_.hook_entry[static_cast<std::size_t>(hook)] = here();
        if (auto done = rules(chain); !done) return done;
        layout_.underflow[static_cast<std::size_t>(hook)] = here();
        add(verdict_entry(table_.family, *chain.accept ? -NF_ACCEPT - 1 : -NF_DROP - 1), chain.account.counters);
        return {};
    }

    Answer<void> user(const StoredChain& chain) {
        add(error_entry(table_.family, chain.name), {});
        starts_[chain.name] = here();
        if (auto done = rules(chain); !done) return done;
        add(verdict_entry(table_.family, XT_RETURN), {});
        return {};
    }

    Answer<void> rules(const StoredChain& chain) {
        for (const StoredRule& stored : chain.rules) {
            const auto rule = parse_stored_rule(stored.text, table_.family, table_.id, [this](std::string_view name) {
                return starts_.contains(std::string(name));
            });
            if (!rule) return refuse(EINVAL, fmt::format("{}: {}", stored.text, rule.error().message));
            auto entry = encode_entry(*rule, table_.id);
            if (entry && age_ == Age::Old) entry = dated(*entry, table_.family);
            if (!entry)
                return refuse(entry.error().error,
                              fmt::format("-A {} {}: {}", chain.name, stored.text, entry.error().why));
            if (rule->goal == Rule::Goal::Chain) jumps_.emplace_back(here(), rule->target);
            if (rule->goal == Rule::Goal::None) // leads to the next entry (libiptc, IPTCC_R_FALLTHROUGH)
                set_verdict(*entry, table_.family, static_cast<std::int32_t>(here() + entry->size()));
            add(*entry, stored.account.counters);
        }
        return {};
    }

    const StoredTable& table_;
    Age age_;
    Layout layout_;
    std::unordered_map<std::string, std::uint32_t> starts_; // of chains: their first rule
    std::vector<std::pair<std::uint32_t, std::string>> jumps_;
};

} // namespace

Answer<Layout> encode_table(const StoredTable& table, Age age) { return Writer(table, age).write(); }

void write_counters(Layout& layout, Family family) {
    std::size_t at = 0;
    for (const Counters& counters : layout.counters) {
        const auto entry = std::span(layout.entries).subspan(at);
        set_counters(entry, family, counters);
        at += head_of(entry, family).next_offset;
    }
}

} // namespace xtbpf::iptc
