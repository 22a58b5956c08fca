// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/saved_rules.hpp"

#include <algorithm>
#include <sstream>

namespace xtbpf::tool {

namespace {

bool is_chain(std::string_view line) { return line.starts_with(':'); }
bool is_user_chain(std::string_view line) { return is_chain(line) && line.find(" - ") != line.npos; }

// ":INPUT DROP [1:2]" without its counters; "[1:2] -A INPUT" likewise.
std::string uncounted(std::string_view line) {
    if (is_chain(line)) return std::string(line.substr(0, line.rfind(" [")));
    if (line.starts_with('[')) line.remove_prefix(std::min(line.size(), line.find("] ") + 2));
    return std::string(line);
}

template <typename Line> std::string written(const std::vector<SavedTable>& tables, Line line) {
    std::string text;
    for (const SavedTable& table : tables) {
        text += "*" + table.name + "\n";
        for (const std::string& each : table.lines)
            text += line(each);
        text += "COMMIT\n";
    }
    return text;
}

} // namespace

std::size_t SavedTable::chains() const { return static_cast<std::size_t>(std::ranges::count_if(lines, is_chain)); }

std::size_t SavedTable::rules() const { return lines.size() - chains(); }

bool SavedTable::idle() const {
    return std::ranges::all_of(
        lines, [](const std::string& line) { return is_chain(line) && line.find(" ACCEPT ") != line.npos; });
}

std::vector<SavedTable> saved_tables(std::string_view text) {
    std::vector<SavedTable> tables;
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with('*'))
            tables.push_back({line.substr(1), {}});
        else if (!line.empty() && !line.starts_with('#') && line != "COMMIT" && !tables.empty())
            tables.back().lines.push_back(line);
    }
    return tables;
}

std::string restore_text(const std::vector<SavedTable>& tables) {
    return written(tables, [](const std::string& line) { return line + "\n"; });
}

std::string emptying_text(const std::vector<SavedTable>& tables) {
    std::string text;
    for (const SavedTable& table : tables) {
        std::string policies, flushes, deletions;
        for (const std::string& line : table.lines) {
            if (!is_chain(line)) continue;
            const std::string chain = line.substr(1, line.find(' ') - 1);
            flushes += "-F " + chain + "\n";
            if (is_user_chain(line))
                deletions += "-X " + chain + "\n";
            else
                policies += ":" + chain + " ACCEPT [0:0]\n";
        }
        text += "*" + table.name + "\n" + policies + flushes + deletions + "COMMIT\n";
    }
    return text;
}

std::string without_counters(const std::vector<SavedTable>& tables) {
    return written(tables, [](const std::string& line) { return uncounted(line) + "\n"; });
}

bool idle(const std::vector<SavedTable>& tables) { return std::ranges::all_of(tables, &SavedTable::idle); }

std::vector<SavedTable> merged(std::vector<SavedTable> first, const std::vector<SavedTable>& second) {
    for (const SavedTable& table : second)
        if (std::ranges::find(first, table.name, &SavedTable::name) == first.end()) first.push_back(table);
    return first;
}

std::set<std::string> sets_used(const std::vector<SavedTable>& tables) {
    std::set<std::string> names;
    for (const SavedTable& table : tables)
        for (const std::string& line : table.lines) {
            std::istringstream words(line);
            for (std::string word; words >> word;)
                if ((word == "--match-set" || word == "--add-set" || word == "--del-set" || word == "--map-set") &&
                    words >> word)
                    names.insert(word);
        }
    return names;
}

} // namespace xtbpf::tool
