// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/work_table.hpp"
#include "frontend/xtbpf/top/candidate.hpp"
#include "frontend/xtbpf/top/preview.hpp"

#include <gtest/gtest.h>

namespace xtbpf::tool {

namespace {

// The tables are as the kernel sets them up; what is committed is kept.
class Untouched final : public Backend {
  public:
    Result<std::optional<StoredTable>> read(Family family, TableId table) override {
        return WorkTable(family, table).take();
    }
    std::uint64_t made(Family, TableId) const override { return 0; }
    Result<void> check(StoredTable, ir::Table) override { return {}; }
    Result<void> commit(StoredTable, ir::Table) override { return fail(ErrorKind::Refused, "committed"); }
};

TEST(Candidate, IsPlacedAsTheCommandWould) {
    Untouched backend;
    const auto rule = read_candidate("-t raw -A OUTPUT -s 10.0.0.1,10.0.0.2 -p udp -m udp --dport 53 -j DROP", backend);
    ASSERT_TRUE(rule) << rule.error().message;
    EXPECT_EQ(rule->family, Family::V4);
    EXPECT_EQ(rule->then.stored.id, TableId::Raw);
    EXPECT_EQ(rule->chain, "OUTPUT");
    EXPECT_EQ(rule->first, 1);
    EXPECT_EQ(rule->count, 2);
    EXPECT_TRUE(rule->now.stored.chains[1].rules.empty());
    ASSERT_EQ(rule->then.stored.chains[1].rules.size(), 2);
    EXPECT_EQ(rule->then.program.chains[1].rules.size(), 2);
    const auto six = read_candidate("-6 -I INPUT -j DROP", backend);
    ASSERT_TRUE(six) << six.error().message;
    EXPECT_EQ(six->family, Family::V6);
    EXPECT_EQ(six->words.front(), "-I");
}

// A table that is in force.
class Given final : public Backend {
  public:
    explicit Given(const std::string& rules) : rules_(rules) {}
    Result<std::optional<StoredTable>> read(Family family, TableId) override {
        auto tables = rules_of_text(rules_, family);
        if (!tables) return std::unexpected(tables.error());
        return std::move(tables->front().stored);
    }
    std::uint64_t made(Family, TableId) const override { return 0; }
    Result<void> check(StoredTable, ir::Table) override { return {}; }
    Result<void> commit(StoredTable, ir::Table) override { return {}; }

  private:
    std::string rules_;
};

TEST(Candidate, MayBeMetTwice) {
    Given backend("*filter\n:once -\n:twice -\n:below -\n:unused -\n-A INPUT -s 10.0.0.1 -j twice\n-A INPUT -j once\n"
                  "-A FORWARD -j once\n-A once -g twice\n-A twice -j below\nCOMMIT\n");
    for (const auto& [chain, again] :
         {std::pair{"INPUT", false}, {"once", false}, {"twice", true}, {"below", true}, {"unused", false}}) {
        const auto rule = read_candidate(std::string("-A ") + chain + " -p udp -j DROP", backend);
        ASSERT_TRUE(rule) << rule.error().message;
        EXPECT_EQ(rule->again, again) << chain;
    }
}

// It said no once; then the walk couldn't be told any further.
TEST(Candidate, ThatMayBeMetAgainIsNotToldByItsFirstNo) {
    Explanation told;
    told.fate = Fate::Unknown;
    told.walks.emplace_back();
    RuleNote& note = told.walks.front().notes.emplace_back();
    note.chain = "twice";
    note.number = 1;
    note.outcome = Outcome::False;
    for (const bool again : {false, true}) {
        Candidate candidate;
        candidate.chain = "twice";
        candidate.again = again;
        PreviewCounts counts;
        count(candidate, told, told, 60, counts);
        EXPECT_EQ(counts.reached.packets, 1);
        EXPECT_EQ(counts.matched.packets, 0);
        EXPECT_EQ(counts.untold, again ? 1 : 0);
    }
}

TEST(Candidate, RefusalsAreInTheWordsOfIptables) {
    Untouched backend;
    const std::pair<const char*, const char*> cases[] = {{"-A INPUT -j NOWHERE", "Couldn't load target `NOWHERE'"},
                                                         {"-A nowhere -j DROP", "No chain/target/match by that name."},
                                                         {"-I INPUT 3 -j DROP", "Index of insertion too big."},
                                                         {"-t gone -A INPUT", "Table does not exist"},
                                                         {"-6 -A INPUT --what", "ip6tables v"},
                                                         {"-F INPUT", "a rule begins with -A or -I"},
                                                         {"-h", "a rule begins with -A or -I"},
                                                         {"", "no command specified"}};
    for (const auto& [text, words] : cases) {
        const auto rule = read_candidate(text, backend);
        ASSERT_FALSE(rule) << text;
        EXPECT_NE(rule.error().message.find(words), std::string::npos) << text << ": " << rule.error().message;
    }
}

TEST(Candidate, IsCommittedAsTheCommandWould) {
    Untouched backend;
    const auto rule = read_candidate("-A INPUT -j DROP -w 0", backend);
    ASSERT_TRUE(rule) << rule.error().message;
    const auto done = commit_candidate(*rule, backend);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message, "");
}

} // namespace

} // namespace xtbpf::tool
