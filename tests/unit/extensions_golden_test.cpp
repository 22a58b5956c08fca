// SPDX-License-Identifier: GPL-2.0-or-later
// Every answer of iptables-legacy in tests/golden/extensions.txt (see generate_extensions.sh for its form) against ours:
// save, -L, -L -n, warnings, messages and exit codes. And every saved text must read back as itself.
#include "tests/text/applet_run.hpp"
#include "tests/unit/extension_driver.hpp"

#include <fstream>
#include <string>
#include <vector>

namespace xtbpf::test {

namespace {

struct Block {
    std::string command; // "4 -p tcp ..."; "4 -t nat -p tcp ..."
    std::string answer;  // the lines below it
};

std::vector<Block> golden() {
    std::ifstream file(XTBPF_GOLDEN_DIR "/extensions.txt");
    std::vector<Block> blocks;
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#') continue;
        if (line[0] == '!') line.erase(0, 1);
        if (line[0] == '4' || line[0] == '6')
            blocks.push_back({line, {}});
        else
            blocks.back().answer += line + "\n";
    }
    return blocks;
}

std::string refusal(const Error& error) {
    std::string message = error.message;
    const bool blank = message.ends_with('\n');
    if (blank) message.pop_back();
    return "E" + std::to_string(exit_code(error.kind)) + (blank ? "+ " : " ") + message + "\n";
}

// The table and the protocol that the kernel's struct xt_match asks for (xt_check_match).
bool kernel_takes(const KernelLimits& limits, const RuleContext& rule) {
    if (limits.table && limits.table != rule.table) return false;
    return !limits.protocol || (limits.protocol == rule.protocol && !rule.protocol_inverted);
}

// "-t nat " of "4 -t nat -p tcp ..."; else nothing
std::string table_option(const std::string& command) {
    if (command.compare(2, 3, "-t ") != 0) return {};
    return command.substr(2, command.find(' ', 5) + 1 - 2);
}

std::string table_of(const std::string& command) {
    const std::string option = table_option(command);
    return option.empty() ? "filter" : option.substr(3, option.size() - 4);
}

// What a rule's text begins with: the words before its first extension.
std::string saved_start(const std::string& command) {
    std::string start = command.substr(2 + table_option(command).size());
    start.erase(std::min(start.find("-m "), start.find("-j ")));
    if (const std::size_t at = start.find("-p icmpv6"); at != start.npos) start.replace(at, 9, "-p ipv6-icmp");
    return start;
}

std::string driver_words(const std::string& command) { return (command[0] == '6' ? "6:" : "") + command.substr(2); }

// The zero byte that -L prints behind the code of `-m bpf`, as the golden file has it.
std::string visible(std::string text) {
    for (std::size_t at = 0; (at = text.find('\0', at)) != text.npos;)
        text.replace(at, 1, "\\0");
    return text;
}

std::string answer(const std::string& command) {
    std::string warnings;
    const auto parsed = parse(driver_words(command), &warnings);
    std::string out;
    for (std::size_t from = 0; from < warnings.size(); from = warnings.find('\n', from) + 1)
        out += "W " + warnings.substr(from, warnings.find('\n', from) + 1 - from);
    if (!parsed) return out + refusal(parsed.error());
    if (!kernel_takes(parsed->limits(), parsed->rule))
        return out + "E1 Invalid argument. Run `dmesg' for more information.\n";
    if (parsed->target && parsed->target_def->absent) return out + "E1 No chain/target/match by that name.\n";
    if (const auto checked = parsed->extension().check(parsed->rule, 0); !checked)
        return out + refusal(checked.error());

    std::string save = saved_start(command), list, numeric;
    const auto print = [&](std::string_view option, std::string_view name, const Extension& extension) {
        if (!save.empty() && !save.ends_with(' ')) save += ' ';
        save.append(option).append(name);
        extension.save(save);
        extension.list(list, false);
        extension.list(numeric, true);
    };
    for (std::size_t i = 0; i < parsed->matches.size(); ++i)
        print("-m ", parsed->match_defs[i]->name, *parsed->matches[i]);
    if (parsed->target) print("-j ", parsed->target_def->name, *parsed->target);
    return out + "= " + save + "\nL" + visible(list) + "\nN" + visible(numeric) + "\n";
}

} // namespace

TEST(Extensions, AnswerAsIptablesDoes) {
    const auto blocks = golden();
    ASSERT_GT(blocks.size(), 400U);
    for (const Block& block : blocks)
        EXPECT_EQ(answer(block.command), block.answer) << block.command;
}

TEST(Extensions, SavedTextReadsBackAsItself) {
    for (const Block& block : golden()) {
        if (!block.answer.starts_with("= ")) continue;
        const std::string saved = block.answer.substr(2, block.answer.find('\n') - 2);
        const std::string command = block.command.substr(0, 2) + table_option(block.command) + saved;
        const std::string again = answer(command);
        EXPECT_EQ(again, block.answer) << block.command;
    }
}

// The same through the whole frontend: restored, saved and listed.
TEST(Extensions, AnswerAsIptablesDoesThroughTheApplets) {
    for (const Block& block : golden()) {
        if (!block.answer.starts_with("= ")) continue;
        const std::string program = block.command[0] == '6' ? "ip6tables" : "iptables";
        MemoryBackend backend;
        const std::string option = table_option(block.command), table = table_of(block.command);
        const Ran restored =
            run(backend, program + "-restore",
                "*" + table + "\n:x - [0:0]\n-A x " + block.command.substr(2 + option.size()) + "\nCOMMIT\n");
        EXPECT_EQ(restored.code, 0) << block.command << ": " << restored.err;
        const std::string save = saved(backend, "", program + "-save"),
                          list = visible(run(backend, program + " -t " + table + " -n -L x").out);
        const std::string numeric = block.answer.substr(block.answer.rfind("\nN") + 2);
        EXPECT_NE(save.find("-A x" + block.answer.substr(1, block.answer.find('\n'))), save.npos)
            << block.command << ": " << save;
        EXPECT_TRUE(list.ends_with("           " + numeric)) << block.command << ": " << list << numeric;
    }
}

} // namespace xtbpf::test
