// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/variant.hpp"

#include "frontend/xtbpf/migrate/command.hpp"
#include "kmod-shim/anchor.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace xtbpf::tool {

namespace {

constexpr std::size_t index(Family family) { return static_cast<std::size_t>(family); }

// Ours stand beside this program.
std::string program(Variant variant, Family family, std::string_view applet) {
    std::string word = fmt::format("{}-{}-{}", family == Family::V4 ? "iptables" : "ip6tables", name(variant), applet);
    if (variant != Variant::Bpf) return word;
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? word : (self.parent_path() / word).string();
}

bool installed(const std::string& program) {
    if (program.find('/') != program.npos) return ::access(program.c_str(), X_OK) == 0;
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
    while (!rest.empty()) {
        const auto end = std::min(rest.find(':'), rest.size());
        if (::access((std::string(rest.substr(0, end)) + "/" + program).c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

} // namespace

std::string_view name(Variant variant) {
    switch (variant) {
    case Variant::Legacy: return "legacy";
    case Variant::Nft: return "nft";
    case Variant::Bpf: return "bpf";
    }
    return "";
}

Result<Saved> save(Variant variant) {
    Saved saved;
    for (const Family family : kFamilies) {
        const std::string applet = program(variant, family, "save");
        if (!installed(applet)) continue;
        const auto text = run_program({applet, "-c"});
        if (!text) return std::unexpected(text.error());
        // What iptables-nft can't express it leaves out with this remark.
        if (text->find("is incompatible, use 'nft' tool") != text->npos)
            return fail(ErrorKind::Refused,
                        fmt::format("{} can't read all of its rules: nft has changed its tables", applet));
        saved[index(family)] = saved_tables(*text);
    }
    return saved;
}

Result<void> restore(Variant variant, Family family, const std::string& text, How how) {
    std::vector<std::string> words{program(variant, family, "restore"), "-c", "-w"};
    if (how == How::Test) words.emplace_back("--test");
    if (how == How::Change) words.emplace_back("--noflush");
    const auto done = run_program(words, text);
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<void> take_away(Variant variant, const Saved& saved) {
    for (const Family family : kFamilies) {
        const auto& tables = saved[index(family)];
        if (tables.empty()) continue;
        // Not by replacing the tables: in those of iptables-nft, others may have chains of their own.
        if (auto done = restore(variant, family, emptying_text(tables), How::Change); !done) return done;
        if (variant != Variant::Bpf) continue;
        for (const TableId table : kTables)
            if (auto gone = anchor::remove(family, table); !gone) return gone;
    }
    return {};
}

bool idle(const Saved& saved) {
    return std::ranges::all_of(saved, [](const auto& tables) { return idle(tables); });
}

std::string without_counters(const Saved& saved) {
    std::string text;
    for (const Family family : kFamilies)
        text += without_counters(saved[index(family)]) + "\n";
    return text;
}

} // namespace xtbpf::tool
