// SPDX-License-Identifier: GPL-2.0-or-later
// From the files below /proc that the kernel shows of the reader's own network namespace.
#include "frontend/xtbpf/metrics.hpp"

#include <fstream>
#include <map>
#include <sstream>
#include <vector>

namespace xtbpf::tool {

namespace {

std::optional<std::uint64_t> number_in(const char* path) {
    std::ifstream file(path);
    std::uint64_t value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
}

// A line of names, then one of hexadecimal numbers per CPU (net/netfilter/nf_conntrack_standalone.c, ct_cpu_seq_show).
std::map<std::string, std::uint64_t> statistics() {
    std::ifstream file("/proc/net/stat/nf_conntrack");
    std::vector<std::string> names;
    std::map<std::string, std::uint64_t> sums;
    for (std::string text; std::getline(file, text);) {
        std::istringstream words(text);
        if (names.empty()) {
            for (std::string name; words >> name;)
                names.push_back(name);
            continue;
        }
        words >> std::hex;
        std::uint64_t value = 0;
        for (std::size_t column = 0; column < names.size() && words >> value; ++column)
            sums[names[column]] += value;
    }
    return sums;
}

} // namespace

ConntrackFigures conntrack_figures() {
    ConntrackFigures out;
    out.entries = number_in("/proc/sys/net/netfilter/nf_conntrack_count");
    out.most = number_in("/proc/sys/net/netfilter/nf_conntrack_max");
    const auto sums = statistics();
    const auto sum = [&](const char* name) {
        const auto found = sums.find(name);
        return found == sums.end() ? std::nullopt : std::optional(found->second);
    };
    out.dropped = sum("drop");
    out.early_dropped = sum("early_drop");
    out.insert_failed = sum("insert_failed");
    out.invalid = sum("invalid");
    return out;
}

} // namespace xtbpf::tool
