// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/iptc/entry.hpp"
#include "frontend/iptc/interface.hpp"
#include "frontend/stored_rule.hpp"
#include "tests/text/applet_run.hpp"
#include "tests/text/memory_sets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <sstream>

namespace xtbpf::iptc {

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}

std::vector<std::string> lines_of(const StoredTable& table) {
    std::vector<std::string> lines;
    for (const StoredChain& chain : table.chains) {
        lines.push_back(chain.name + (chain.accept ? *chain.accept ? " ACCEPT" : " DROP" : ""));
        for (const StoredRule& rule : chain.rules)
            lines.push_back(rule.text);
    }
    return lines;
}

// What a program does: get info, get entries, replace.
class Client {
  public:
    Client(Backend& backend, Family family, const char* table) : backend_(backend), family_(family), table_(table) {}

    ipt_getinfo info() {
        ipt_getinfo info{};
        std::strcpy(info.name, table_);
        const auto answered = ask(Question::Info, bytes_of(&info, sizeof info));
        EXPECT_TRUE(answered) << answered.error().why;
        if (answered) std::memcpy(&info, answered->data(), sizeof info);
        return info;
    }

    Answer<Bytes> entries() {
        ipt_get_entries get{};
        std::strcpy(get.name, table_);
        get.size = info().size;
        Bytes value = bytes_of(&get, offsetof(ipt_get_entries, entrytable));
        value.resize(value.size() + get.size);
        auto answered = ask(Question::Entries, value);
        if (answered) answered->erase(answered->begin(), answered->begin() + offsetof(ipt_get_entries, entrytable));
        return answered;
    }

    Answer<Bytes> replace(const ipt_getinfo& info, const Bytes& entries, std::uint32_t old_entries) {
        ipt_replace head{};
        std::strcpy(head.name, table_);
        head.valid_hooks = info.valid_hooks;
        head.num_entries = info.num_entries;
        head.size = static_cast<std::uint32_t>(entries.size());
        std::ranges::copy(info.hook_entry, head.hook_entry);
        std::ranges::copy(info.underflow, head.underflow);
        head.num_counters = old_entries;
        Bytes value = bytes_of(&head, offsetof(ipt_replace, entries));
        value.insert(value.end(), entries.begin(), entries.end());
        return ask(Question::Replace, value);
    }

    Answer<Bytes> add(const std::vector<Counters>& counters) {
        xt_counters_info head{};
        std::strcpy(head.name, table_);
        head.num_counters = static_cast<std::uint32_t>(counters.size());
        Bytes value = bytes_of(&head, offsetof(xt_counters_info, counters));
        const auto* const first = reinterpret_cast<const std::uint8_t*>(counters.data());
        value.insert(value.end(), first, first + counters.size() * sizeof(Counters));
        return ask(Question::AddCounters, value);
    }

    int revision(Question question, const char* name, std::uint8_t revision) {
        xt_get_revision asked{};
        std::strcpy(asked.name, name);
        asked.revision = revision;
        const auto answered = ask(question, bytes_of(&asked, sizeof asked));
        return answered ? 0 : answered.error().error;
    }

    Answer<Bytes> ask(Question question, const Bytes& value) {
        return answer({.family = family_, .question = question, .value = value}, backend_);
    }

  private:
    static Bytes bytes_of(const void* from, std::size_t size) {
        const auto* const bytes = static_cast<const std::uint8_t*>(from);
        return {bytes, bytes + size};
    }

    Backend& backend_;
    Family family_;
    const char* table_;
};

constexpr const char* kRules =
    "*filter\n:INPUT DROP [5:500]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:web - [0:0]\n"
    "[1:60] -A INPUT -i lo -j ACCEPT\n[2:120] -A INPUT -p tcp -m tcp --dport 80 -j web\n"
    "[3:180] -A INPUT -s 10.0.0.0/8 ! -i eth+ -m state --state NEW\n"
    "[4:240] -A web -m limit --limit 5/min -j LOG --log-prefix \"web \"\n[0:0] -A web -g web2\n"
    "[0:0] -A web2 -j QUEUE\nCOMMIT\n";

MemoryBackend with_rules() {
    MemoryBackend backend;
    std::string rules = kRules;
    rules.insert(rules.find("[1:60]"), ":web2 - [0:0]\n");
    EXPECT_EQ(run(backend, "iptables-restore -c", rules).err, "");
    return backend;
}

} // namespace

// Each table of each sample comes back from the kernel's form as it was.
TEST(Iptc, SampleRulesetsRoundTrip) {
    use_memory_sets();
    int tables = 0;
    for (const auto& file : std::filesystem::directory_iterator(XTBPF_GOLDEN_DIR "/../../rulesets")) {
        const std::string name = file.path().filename();
        if (!name.ends_with(".rules")) continue;
        const bool six = name.ends_with(".v6.rules");
        MemoryBackend backend;
        const Ran ran = run(backend, six ? "ip6tables-restore" : "iptables-restore", text_of(file.path()));
        ASSERT_EQ(ran.code, 0) << name << ran.err;
        for (const auto& [key, table] : backend.tables) {
            const auto layout = encode_table(table);
            ASSERT_TRUE(layout) << name << ": " << layout.error().why;
            const auto again = decode_table(*layout, key.first, key.second);
            ASSERT_TRUE(again) << name << ": " << again.error().why;
            EXPECT_EQ(lines_of(*again), lines_of(table)) << name;
            ++tables;
        }
    }
    EXPECT_GT(tables, 100);
}

// So does every rule that iptables saved for tests/golden/extensions.txt.
TEST(Iptc, EveryExtensionRoundTrips) {
    std::ifstream file(XTBPF_GOLDEN_DIR "/extensions.txt");
    std::string line, command;
    int rules = 0;
    while (std::getline(file, line)) {
        if (line.starts_with('!')) line.erase(0, 1);
        if (line.starts_with('4') || line.starts_with('6')) command = line;
        if (!line.starts_with("= ")) continue;
        const std::string table =
            command.substr(2, 3) == "-t " ? command.substr(5, command.find(' ', 5) - 5) : "filter";
        MemoryBackend backend;
        const Ran ran = run(backend, command[0] == '6' ? "ip6tables-restore" : "iptables-restore",
                            fmt::format("*{}\n:x - [0:0]\n-A x {}\nCOMMIT\n", table, line.substr(2)));
        ASSERT_EQ(ran.code, 0) << line << ran.err;
        const StoredTable& stored = backend.tables.begin()->second;
        const auto layout = encode_table(stored);
        ASSERT_TRUE(layout) << line << ": " << layout.error().why;
        const auto again = decode_table(*layout, stored.family, stored.id);
        EXPECT_TRUE(again && lines_of(*again) == lines_of(stored)) << line << ": " << (again ? "" : again.error().why);
        ++rules;
    }
    EXPECT_GT(rules, 1000);
}

// As iptables-legacy 1.8.9 hands them to the kernel; zeros follow. tests/netns/iptc.py asks it for all others: these need what
// few machines have.
TEST(Iptc, BytesAsIptablesWritesThem) {
    struct Case {
        const char* rule;
        TableId table;
        std::size_t size;
        std::vector<std::uint8_t> first;
    };
    const std::string_view trigger("netfilter-a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x32", 29), path = "/sys/fs/bpf/a";
    std::vector<std::uint8_t> pinned{1, 0, 0, 0, 3, 0, 0, 0};
    pinned.insert(pinned.end(), path.begin(), path.end());
    for (const Case& one : {
             Case{"-j LED --led-trigger-id \"a\" --led-delay 50 --led-always-blink",
                  TableId::Filter,
                  40,
                  {trigger.begin(), trigger.end()}},
             Case{"-j SECMARK --selctx a:b:c", TableId::Mangle, 264, {1, 'a', ':', 'b', ':', 'c'}},
             Case{"-j CONNSECMARK --restore", TableId::Mangle, 8, {2}},
             Case{"-m nfacct --nfacct-name a", TableId::Filter, 40, {'a'}},
             Case{"-m bpf --object-pinned /sys/fs/bpf/a", TableId::Filter, 528, pinned},
         }) {
        const auto rule = parse_stored_rule(one.rule, Family::V4, one.table, [](std::string_view) { return false; });
        ASSERT_TRUE(rule) << one.rule << rule.error().message;
        const auto entry = encode_entry(*rule, one.table);
        ASSERT_TRUE(entry) << entry.error().why;
        Bytes wanted(one.size);
        std::ranges::copy(one.first, wanted.begin());
        const auto data = entry->begin() + sizeof(ipt_entry) + sizeof(xt_entry_match);
        EXPECT_EQ(Bytes(data, data + static_cast<std::ptrdiff_t>(one.size)), wanted) << one.rule;
    }
}

TEST(Iptc, ReplaceKeepsSlotsAndTellsOldCounters) {
    MemoryBackend backend = with_rules();
    Client client(backend, Family::V4, "filter");
    const auto info = client.info();
    const auto entries = client.entries();
    ASSERT_TRUE(entries);
    const StoredTable before = backend.tables.begin()->second;
    const auto old = client.replace(info, *entries, info.num_entries);
    ASSERT_TRUE(old) << old.error().why;
    const StoredTable& after = backend.tables.begin()->second;
    EXPECT_EQ(lines_of(after), lines_of(before));
    EXPECT_EQ(after.chains[0].rules[1].account.slot, before.chains[0].rules[1].account.slot);
    EXPECT_EQ(after.chains[0].rules[1].account.counters, Counters{}); // until they are added
    std::vector<Counters> counters(info.num_entries);
    ASSERT_EQ(old->size(), counters.size() * sizeof(Counters));
    std::memcpy(counters.data(), old->data(), old->size());
    EXPECT_EQ(counters[1], (Counters{2, 120}));
    EXPECT_EQ(counters[3], (Counters{5, 500})); // the policy's
    ASSERT_TRUE(client.add(counters));
    EXPECT_EQ(backend.tables.begin()->second.chains[0].rules[1].account.counters, (Counters{2, 120}));
    std::string wanted = kRules;
    wanted.insert(wanted.find("[1:60]"), ":web2 - [0:0]\n");
    EXPECT_EQ(saved(backend, "-c"), wanted);
}

TEST(Iptc, RefusesAsTheKernelDoes) {
    MemoryBackend backend = with_rules();
    Client client(backend, Family::V4, "filter");
    const auto info = client.info();
    const Bytes entries = *client.entries();
    EXPECT_EQ(client.replace(info, entries, info.num_entries - 1).error().error, EAGAIN);
    EXPECT_EQ(client.add(std::vector<Counters>(3)).error().error, EINVAL);
    const auto with = [&](auto change) {
        ipt_getinfo changed = info;
        Bytes bytes = entries;
        change(changed, bytes);
        const int commits = backend.commits;
        const auto done = client.replace(changed, bytes, info.num_entries);
        EXPECT_EQ(commits + (done ? 1 : 0), backend.commits);
        return done ? 0 : done.error().error;
    };
    const std::size_t second = sizeof(ipt_entry) + sizeof(xt_standard_target); // -p tcp --dport 80 -j web
    const std::size_t match = second + sizeof(ipt_entry), data = match + sizeof(xt_entry_match);
    EXPECT_EQ(with([](auto&, auto&) {}), 0);
    EXPECT_EQ(with([](auto& head, auto&) { head.valid_hooks = 1; }), EINVAL);
    EXPECT_EQ(with([](auto& head, auto&) { head.hook_entry[1] += 8; }), EINVAL);
    EXPECT_EQ(with([](auto& head, auto&) { head.underflow[1] = head.hook_entry[1]; }), EINVAL);
    EXPECT_EQ(with([](auto&, auto& bytes) { bytes.resize(bytes.size() - 8); }), EINVAL);
    EXPECT_EQ(with([&](auto&, auto& bytes) { bytes[second + offsetof(ipt_entry, next_offset)] ^= 8; }), EINVAL);
    EXPECT_EQ(with([&](auto&, auto& bytes) { bytes[match + 2] = 'x'; }), ENOENT);  // the match's name
    EXPECT_EQ(with([&](auto&, auto& bytes) { bytes[data + 11] = 0x80; }), EINVAL); // a bit that no option sets
    EXPECT_EQ(with([&](auto&, auto& bytes) { bytes[offsetof(ipt_entry, ip.src)] = 1; }), EINVAL); // outside of the mask
    EXPECT_EQ(with([&](auto&, auto& bytes) { bytes[data + 16 + 32] ^= 8; }), EINVAL);             // a jump into a chain
}

TEST(Iptc, AnswersForRevisionsItHas) {
    MemoryBackend backend;
    Client client(backend, Family::V4, "filter");
    EXPECT_EQ(client.revision(Question::MatchRevision, "conntrack", 3), 0);
    EXPECT_EQ(client.revision(Question::MatchRevision, "conntrack", 2), EPROTONOSUPPORT);
    EXPECT_EQ(client.revision(Question::MatchRevision, "hl", 0), ENOENT);
    EXPECT_EQ(client.revision(Question::TargetRevision, "NOTRACK", 0), ENOENT);
    EXPECT_EQ(client.revision(Question::TargetRevision, "CT", 2), 0);
    EXPECT_EQ(client.revision(Question::TargetRevision, "nothing", 0), ENOENT);
}

// As programs without libxtables read and write it.
TEST(Iptc, OlderStructures) {
    for (const char* rules :
         {"*nat\n-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination "
          "10.0.0.1-10.0.0.2:8080 --random\nCOMMIT\n",
          "*mangle\n-A INPUT -j CONNMARK --set-mark 5\n-A OUTPUT -m state --state NEW -j CONNMARK "
          "--restore-mark --nfmask 7\n-A OUTPUT -j CONNMARK --set-xmark 1 --left-shift-mark 3\nCOMMIT\n",
          "*filter\n-A INPUT -p udp -m state --state RELATED,UNTRACKED -j ACCEPT\n-A INPUT -m "
          "state ! --state NEW\nCOMMIT\n"}) {
        MemoryBackend backend;
        ASSERT_EQ(run(backend, "iptables-restore", rules).err, "");
        const StoredTable& table = backend.tables.begin()->second;
        const auto old = encode_table(table, Age::Old), now = encode_table(table);
        ASSERT_TRUE(old && now);
        EXPECT_LT(old->entries.size(), now->entries.size());
        const auto again = decode_table(*old, table.family, table.id);
        ASSERT_TRUE(again) << again.error().why;
        EXPECT_EQ(lines_of(*again), lines_of(table));
    }
    MemoryBackend backend;
    EXPECT_EQ(Client(backend, Family::V4, "nat").revision(Question::TargetRevision, "DNAT", 0), 0);
    EXPECT_EQ(Client(backend, Family::V6, "nat").revision(Question::TargetRevision, "DNAT", 0), EPROTONOSUPPORT);
    ASSERT_EQ(run(backend, "iptables -t nat -A PREROUTING -p tcp -j DNAT --to-destination :80-90/1").err, "");
    EXPECT_EQ(encode_table(backend.tables.begin()->second, Age::Old).error().error, EINVAL);
}

TEST(Iptc, AnUntouchedTableIsEmpty) {
    MemoryBackend backend;
    Client client(backend, Family::V6, "mangle");
    const auto info = client.info();
    EXPECT_EQ(info.num_entries, 6U); // five policies and the end
    EXPECT_EQ(info.valid_hooks, 0x1fU);
    EXPECT_TRUE(client.entries());
    EXPECT_EQ(Client(backend, Family::V4, "broute").ask(Question::Info, Bytes(sizeof(ipt_getinfo), 'x')).error().error,
              ENOENT);
}

} // namespace xtbpf::iptc
