// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/work_table.hpp"
#include "frontend/xtbpf/top/candidate.hpp"

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
