// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/layout.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <map>
#include <set>

namespace xtbpf::iptc {

namespace {

std::unexpected<Refusal> invalid(std::string why) { return refuse(EINVAL, std::move(why)); }

class Reader {
  public:
    Reader(const Layout& layout, Family family, TableId table) : layout_(layout), family_(family), table_(table) {}

    Answer<StoredTable> read() {
        for (const auto& step :
             {&Reader::find_entries, &Reader::find_builtins, &Reader::find_users, &Reader::read_rules})
            if (auto done = (this->*step)(); !done) return std::unexpected(std::move(done.error()));
        StoredTable table{family_, table_, {}};
        for (Chain& chain : chains_)
            table.chains.push_back(std::move(chain.stored));
        // the order of a save
        std::stable_sort(table.chains.begin() + static_cast<std::ptrdiff_t>(hooks_of(table_).size()),
                         table.chains.end(),
                         [](const StoredChain& a, const StoredChain& b) { return a.name < b.name; });
        return table;
    }

  private:
    struct Chain {
        StoredChain stored;
        std::size_t begin = 0, end = 0; // its rules, by number of their entry
    };

    View entry(std::size_t number) const { return View(layout_.entries).subspan(offsets_[number]); }
    std::optional<std::size_t> entry_at(std::size_t offset) const {
        const auto found = std::ranges::lower_bound(offsets_, offset);
        if (found == offsets_.end() || *found != offset) return std::nullopt;
        return static_cast<std::size_t>(found - offsets_.begin());
    }

    Answer<void> find_entries() {
        for (std::size_t at = 0; at < layout_.entries.size();) {
            const View rest = View(layout_.entries).subspan(at);
            if (auto whole = check_entry(rest, family_); !whole) return whole;
            auto plain = plain_target(rest, family_);
            if (!plain) return std::unexpected(std::move(plain.error()));
            offsets_.push_back(at);
            plain_.push_back(std::move(*plain));
            at += head_of(rest, family_).next_offset;
        }
        if (offsets_.size() != layout_.counters.size()) return invalid("another number of entries than was told");
        if (offsets_.empty() || plain_.back().error != XT_ERROR_TARGET) return invalid("no end of the table");
        chain_of_.resize(offsets_.size());
        return {};
    }

    Answer<void> find_builtins() {
        std::uint32_t hooks = 0;
        for (const Hook hook : hooks_of(table_)) {
            hooks |= hook_bit(hook);
            const auto number = static_cast<std::size_t>(hook);
            const auto first = entry_at(layout_.hook_entry[number]), last = entry_at(layout_.underflow[number]);
            if (!first || !last || *first > *last) return invalid("a hook without its entries");
            const std::optional<std::int32_t> policy = plain_[*last].verdict;
            if (!is_unconditional(entry(*last), family_) || (policy != -NF_ACCEPT - 1 && policy != -NF_DROP - 1))
                return invalid("a built-in chain without its policy");
            Chain& chain = chains_.emplace_back();
            chain.stored.name = name(hook);
            chain.stored.accept = policy == -NF_ACCEPT - 1;
            chain.begin = *first;
            chain.end = *last;
            if (!claim(chain.begin, chain.end + 1)) return invalid("built-in chains that share entries");
        }
        return hooks == layout_.valid_hooks ? Answer<void>{} : invalid("other hooks than the table's");
    }

    // Whatever isn't of a built-in chain is of a user chain: its head, its rules, its RETURN.
    Answer<void> find_users() {
        std::set<std::string, std::less<>> names;
        for (const Chain& chain : chains_)
            names.insert(chain.stored.name);
        std::size_t at = 0;
        while (at + 1 < offsets_.size()) {
            if (chain_of_[at]) {
                ++at;
                continue;
            }
            if (!plain_[at].error || !is_unconditional(entry(at), family_)) return invalid("rules of no chain");
            Chain chain;
            chain.stored.name = *plain_[at].error;
            if (!good_name(chain.stored.name) || !names.insert(chain.stored.name).second)
                return invalid(fmt::format("a chain of the name \"{}\"", chain.stored.name));
            chain.begin = at + 1;
            std::size_t next = at + 1;
            while (next + 1 < offsets_.size() && !plain_[next].error && !chain_of_[next])
                ++next;
            if (next == chain.begin || plain_[next - 1].verdict != XT_RETURN ||
                !is_unconditional(entry(next - 1), family_))
                return invalid("a chain without an end");
            chain.end = next - 1;
            starts_[static_cast<std::int64_t>(offsets_[chain.begin])] = chain.stored.name;
            chains_.push_back(std::move(chain));
            at = next;
        }
        names_ = std::move(names);
        return {};
    }

    Answer<void> read_rules() {
        for (Chain& chain : chains_)
            for (std::size_t i = chain.begin; i < chain.end; ++i) {
                if (plain_[i].error) return invalid("the head of a chain among rules");
                const auto next = static_cast<std::int64_t>(offsets_[i + 1]);
                auto rule = decode_entry(
                    entry(i).first(offsets_[i + 1] - offsets_[i]), family_, table_,
                    [&](std::int32_t verdict) { return target_of(verdict, next); },
                    [this](std::string_view name) { return names_.contains(name); });
                if (!rule)
                    return refuse(rule.error().error, fmt::format("{}, rule {}: {}", chain.stored.name,
                                                                  i - chain.begin + 1, rule.error().why));
                chain.stored.rules.push_back({canonical_text(*rule), {}});
            }
        return {};
    }

    // check_target of ip_tables.c, xt_verdict of x_tables.h
    Answer<std::string> target_of(std::int32_t verdict, std::int64_t next) const {
        switch (verdict) {
        case -NF_ACCEPT - 1: return "ACCEPT";
        case -NF_DROP - 1: return "DROP";
        case -NF_QUEUE - 1: return "QUEUE";
        case XT_RETURN: return "RETURN";
        default: break;
        }
        if (verdict == next) return "";
        const auto chain = starts_.find(verdict);
        if (chain == starts_.end()) return invalid("a jump to where no chain begins");
        return chain->second;
    }

    // Names that a command could give (iptables/xshared.c, assert_valid_chain_name).
    static bool good_name(const std::string& name) {
        if (name.empty() || name.front() == '-' || name.front() == '!' || name.size() >= XT_EXTENSION_MAXNAMELEN)
            return false;
        return std::ranges::none_of(name, [](char c) {
            return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '"' || c == '\\' || c == '\'';
        });
    }

    bool claim(std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            if (chain_of_[i]) return false;
            chain_of_[i] = true;
        }
        return true;
    }

    const Layout& layout_;
    Family family_;
    TableId table_;
    std::vector<std::size_t> offsets_; // of entries
    std::vector<PlainTarget> plain_;   // their targets, as far as they aren't extensions
    std::vector<bool> chain_of_;       // whether an entry is a built-in chain's
    std::vector<Chain> chains_;
    std::map<std::int64_t, std::string> starts_; // of user chains, by offset
    std::set<std::string, std::less<>> names_;
};

} // namespace

Answer<StoredTable> decode_table(const Layout& layout, Family family, TableId table) {
    return Reader(layout, family, table).read();
}

} // namespace xtbpf::iptc
