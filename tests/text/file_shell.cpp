// SPDX-License-Identifier: GPL-2.0-or-later
// The applets over tables kept in a file ($XTBPF_TABLES) instead of the kernel: to compare texts, errors and exit codes
// with other iptables without touching any packet. `file_shell iptables -A INPUT ...`
#include "frontend/applet.hpp"
#include "frontend/save.hpp"
#include "tests/text/memory_backend.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace xtbpf;

// The inverse of save_body with counters: text this program wrote itself.
void load(MemoryBackend& backend, Family family, std::istream& file) {
    StoredTable* table = nullptr;
    std::map<std::string, std::size_t> chains;
    for (std::string line; std::getline(file, line);) {
        Counters counters;
        if (line[0] == '*') {
            const TableId id = *table_by_name(line.substr(1));
            table = &backend.tables[{family, id}];
            *table = {family, id, {}};
            backend.ages[{family, id}] = backend.ages.size();
            chains.clear();
        } else if (line[0] == ':') {
            const auto blank = line.find(' ');
            StoredChain chain{.name = line.substr(1, blank - 1), .accept = {}, .account = {}, .rules = {}};
            if (line[blank + 1] != '-') chain.accept = line[blank + 1] == 'A';
            std::sscanf(line.c_str() + line.find('['), "[%lu:%lu]", &counters.packets, &counters.bytes);
            chain.account.counters = counters;
            chains[chain.name] = table->chains.size();
            table->chains.push_back(std::move(chain));
        } else if (line[0] == '[') {
            std::sscanf(line.c_str(), "[%lu:%lu]", &counters.packets, &counters.bytes);
            const auto name = line.find("-A ") + 3;
            const auto end = std::min(line.find(' ', name), line.size());
            StoredRule rule{.text = line.substr(std::min(end + 1, line.size())), .account = {}};
            rule.account.counters = counters;
            table->chains[chains.at(line.substr(name, end - name))].rules.push_back(std::move(rule));
        }
    }
}

std::string path_of(const char* base, Family family) { return base + std::string(family == Family::V4 ? ".4" : ".6"); }

} // namespace

int main(int argc, char** argv) {
    const char* base = std::getenv("XTBPF_TABLES");
    if (argc < 2 || base == nullptr) return 64;
    const auto applet = applet_by_name(argv[1]);
    if (!applet) return 64;
    MemoryBackend backend;
    std::ifstream file(path_of(base, applet->family));
    load(backend, applet->family, file);
    const std::vector<std::string_view> args(argv + 2, argv + argc);
    const int code = run_applet(*applet, args, backend, {stdin, stdout, stderr});
    if (backend.commits > 0) {
        std::string saved;
        std::map<std::uint64_t, const StoredTable*> by_age; // as load() will take them
        for (const auto& [key, table] : backend.tables)
            by_age[backend.ages.at(key)] = &table;
        for (const auto& [made, table] : by_age) {
            saved += "*" + std::string(name(table->id)) + "\n";
            save_body(saved, *table, true);
            saved += "COMMIT\n";
        }
        std::ofstream(path_of(base, applet->family)) << saved;
    }
    return code;
}
