// SPDX-License-Identifier: GPL-2.0-or-later
// The help texts against those that tests/golden/generate_extensions.sh took from iptables-legacy.
#include "frontend/extension.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>

namespace xtbpf {

namespace {

// "=== 4 -m tcp" begins the text of one extension; then come its lines.
std::map<std::string, std::string> golden_helps() {
    std::ifstream file(XTBPF_GOLDEN_DIR "/extensions-help.txt");
    std::map<std::string, std::string> helps;
    std::string line, key;
    while (std::getline(file, line))
        if (line.starts_with("=== "))
            key = line.substr(4);
        else
            helps[key] += line + "\n";
    return helps;
}

} // namespace

TEST(Extensions, Help) {
    const auto helps = golden_helps();
    ASSERT_FALSE(helps.empty());
    for (const auto& [key, text] : helps) {
        SCOPED_TRACE(key);
        std::istringstream words(key);
        std::string number, kind, name;
        words >> number >> kind >> name;
        const Family family = number == "4" ? Family::V4 : Family::V6;
        if (kind == "-m") {
            const MatchDef* def = find_match(name, family);
            ASSERT_NE(def, nullptr);
            EXPECT_EQ(def->help(family), text);
        } else {
            const TargetDef* def = find_target(name, family);
            ASSERT_NE(def, nullptr);
            EXPECT_EQ(def->help(family), text);
        }
    }
}

} // namespace xtbpf
