// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/explanation.hpp"

#include "frontend/xtbpf/explain/evidence.hpp"
#include "frontend/xtbpf/words.hpp"
#include "translator/dump.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/xt_conntrack.h>
namespace xtbpf::tool {

namespace {

constexpr std::int32_t kConntrackPriority = -200; // NF_IP_PRI_CONNTRACK

class Traveller {
  public:
    Traveller(Packet packet, const Way& way, const Rules& rules, const Assumptions& assumptions, const AskLive& live)
        : packet_(std::move(packet)), way_(way), rules_(rules), assumptions_(assumptions), live_(live) {
        out_.packet = packet_;
    }

    Explanation travel() {
        if (std::ranges::find(way_.hooks, Hook::Forward) != way_.hooks.end()) {
            packet_.known.set(ir::Field::Owner);
            packet_.view.owner = XT_OWNER_NO_SOCKET;
        }
        for (const Hook hook : way_.hooks)
            if (!at(hook)) break;
        out_.after = std::move(packet_);
        return std::move(out_);
    }

  private:
    // False: the packet's way ends here.
    bool at(Hook hook) {
        if (hook == Hook::Forward && way_.hooks.size() > 1 && !decrease_ttl()) return false;
        devices(hook);
        std::vector<const RuleTable*> tables;
        for (const RuleTable& table : rules_)
            if (table_has_hook(table.stored.id, hook)) tables.push_back(&table);
        std::ranges::sort(tables, {}, [&](const RuleTable* table) { return priority(table->stored.id, hook); });
        const bool tracks = hook == Hook::Prerouting || hook == Hook::Output;
        const Packet tracked = packet_;
        if (tracks) adopt_connection(untracked_yet());
        bool before = tracks;
        for (const RuleTable* table : tables) {
            if (before && priority(table->stored.id, hook) > kConntrackPriority) {
                track(tracked);
                before = false;
            }
            if (!through(*table, hook)) return false;
        }
        if (before) track(tracked);
        return true;
    }

    // ip_forward, ip6_forward: before FORWARD
    bool decrease_ttl() {
        if (packet_.known.has(ir::Field::Ttl) && packet_.view.ttl <= 1) {
            out_.fate = Fate::Drop;
            out_.by = "routing: its time to live is over";
            return false;
        }
        --packet_.view.ttl;
        return true;
    }

    void devices(Hook hook) {
        const bool forwarded = std::ranges::find(way_.hooks, Hook::Forward) != way_.hooks.end();
        const bool own = way_.hooks.front() == Hook::Output;
        const bool has_in = hook != Hook::Output && !(hook == Hook::Postrouting && own);
        const bool has_out = hook == Hook::Forward || hook == Hook::Output || hook == Hook::Postrouting;
        // At POSTROUTING alone, a packet may have come in somewhere or not.
        const bool in_told = !way_.in.empty() || (hook == Hook::Postrouting && forwarded);
        name_device(packet_.view.in_name, has_in ? way_.in : "");
        name_device(packet_.view.out_name, has_out ? way_.out : "");
        packet_.known.set(ir::Direction::In, !has_in || in_told);
        packet_.known.set(ir::Direction::Out, !has_out || !way_.out.empty());
    }

    static void name_device(std::uint8_t (&to)[16], const std::string& name) {
        std::memset(to, 0, sizeof to);
        std::memcpy(to, name.data(), std::min(name.size(), sizeof to - 1));
    }

    // Before connection tracking a packet has no entry: for a rule it is INVALID.
    Packet untracked_yet() const {
        Packet none = packet_;
        constexpr std::size_t kBegin = offsetof(xt_view, ct_present), kEnd = offsetof(xt_view, mode);
        std::memset(reinterpret_cast<std::uint8_t*>(&none.view) + kBegin, 0, kEnd - kBegin);
        none.view.ct_state = XT_CONNTRACK_STATE_INVALID;
        none.known.set_connection(true);
        return none;
    }

    void adopt_connection(const Packet& from) {
        constexpr std::size_t kBegin = offsetof(xt_view, ct_present), kEnd = offsetof(xt_view, mode);
        std::memcpy(reinterpret_cast<std::uint8_t*>(&packet_.view) + kBegin,
                    reinterpret_cast<const std::uint8_t*>(&from.view) + kBegin, kEnd - kBegin);
        packet_.known.copy_connection(from.known);
    }

    // A rule before may have said NOTRACK.
    void track(const Packet& tracked) {
        if (packet_.state == State::Untracked) {
            adopt_connection(untracked_yet());
            packet_.view.ct_state = XT_CONNTRACK_STATE_UNTRACKED;
        } else {
            adopt_connection(tracked);
        }
    }

    bool through(const RuleTable& table, Hook hook) {
        TableWalk& walk = out_.walks.emplace_back();
        walk.hook = hook;
        walk.table = table.stored.id;
        if (table.stored.id == TableId::Nat && !translates(table, hook, walk)) return walk.fate == Fate::Accept;
        if (live_) walk.live = live_(table, hook, packet_.view, packet_.bytes);
        Environment environment;
        environment.judge = [&](const ir::Predicate& predicate) { return judge(predicate); };
        environment.step = [&](const Step& step) { note(table, step, walk); };
        environment.effect = [&](const ir::Effect& effect) { walk.fate = perform(effect, hook, packet_); };
        const Trace trace = interpret(table.program, hook, packet_.view, packet_.bytes, environment);
        if (trace.unknown)
            walk.fate = Fate::Unknown;
        else if (walk.fate == Fate::Undecided)
            walk.fate = trace.accept ? Fate::Accept : Fate::Drop;
        return conclude(walk);
    }

    bool conclude(const TableWalk& walk) {
        out_.fate = walk.fate;
        const RuleNote& last = walk.notes.back();
        out_.by = last.number == 0 ? fmt::format("{}:{}:policy", name(walk.table), last.chain)
                                   : fmt::format("{}:{}:rule:{}", name(walk.table), last.chain, last.number);
        return walk.fate == Fate::Accept;
    }

    // nf_nat_inet_fn (net/netfilter/nf_nat_core.c): the rules are asked for a connection's first packet. False: they aren't; then
    // the walk's fate says whether the packet goes on.
    bool translates(const RuleTable& table, Hook hook, TableWalk& walk) {
        walk.fate = Fate::Accept;
        const auto& chains = table.stored.chains;
        const auto chain = std::ranges::find(chains, name(hook), &StoredChain::name);
        if (chain == chains.end()) return false;
        if (!packet_.state && !chain->rules.empty()) {
            walk.notes.push_back(
                {.chain = std::string(name(hook)),
                 .number = 1,
                 .depth = 0,
                 .text = chain->rules.front().text,
                 .outcome = Outcome::Unknown,
                 .why = "nat is asked for a connection's first packet: the packet's words don't say its state",
                 .subject = ""});
            walk.fate = Fate::Unknown;
            return conclude(walk);
        }
        const bool icmp = packet_.view.proto == IPPROTO_ICMP || packet_.view.proto == IPPROTO_ICMPV6;
        if (!packet_.state)
            walk.skipped = "it has no rules";
        else if (packet_.state == State::Established || (packet_.state == State::Related && icmp))
            walk.skipped = "the connection has its translation already";
        else if (packet_.state == State::Invalid || packet_.state == State::Untracked)
            walk.skipped = "no connection, no translation";
        else
            walk.fate = Fate::Undecided;
        return walk.skipped.empty();
    }

    std::optional<Outcome> judge(const ir::Predicate& predicate) {
        if (packet_.known.tells(predicate, packet_.view)) return std::nullopt;
        const auto assumed = assumptions_.ask(predicate);
        if (!assumed) return Outcome::Unknown;
        assumed_ = true;
        return *assumed ? Outcome::True : Outcome::False;
    }

    void note(const RuleTable& table, const Step& step, TableWalk& walk) {
        const StoredChain& chain = table.stored.chains[step.chain];
        RuleNote& note = walk.notes.emplace_back();
        note.chain = chain.name;
        note.depth = step.depth;
        note.outcome = step.outcome;
        note.assumed = std::exchange(assumed_, false);
        if (step.rule == chain.rules.size()) {
            note.text = chain.accept.value_or(true) ? "ACCEPT" : "DROP";
            return;
        }
        note.number = step.rule + 1;
        note.text = chain.rules[step.rule].text;
        const auto& predicates = table.program.chains[step.chain].rules[step.rule].predicates;
        if (step.deciding == predicates.size()) return;
        const ir::Predicate& deciding = predicates[step.deciding];
        if (step.outcome == Outcome::Unknown) {
            note.subject = subject_word(deciding);
            note.why = dump(deciding, packet_.family);
        } else {
            note.why = packet_.known.tells(deciding, packet_.view) ? evidence(deciding, packet_) : "assumed";
        }
    }

    Packet packet_; // as it is now
    const Way& way_;
    const Rules& rules_;
    const Assumptions& assumptions_;
    const AskLive& live_;
    bool assumed_ = false;
    Explanation out_;
};

} // namespace

Explanation explain(Packet packet, const Way& way, const Rules& rules, const Assumptions& assumptions,
                    const AskLive& live) {
    return Traveller(std::move(packet), way, rules, assumptions, live).travel();
}

std::string_view name(Fate fate) {
    switch (fate) {
    case Fate::Undecided:
    case Fate::Accept: return "ACCEPT";
    case Fate::Drop: return "DROP";
    case Fate::Reject: return "REJECT";
    case Fate::Taken: return "TAKEN";
    case Fate::Unknown: return "UNKNOWN";
    }
    return "";
}

} // namespace xtbpf::tool
