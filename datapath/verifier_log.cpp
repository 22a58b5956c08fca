// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/verifier_log.hpp"

#include "datapath/refusal.hpp"

#include <array>
#include <bpf/bpf.h>
#include <cerrno>
#include <fmt/format.h>
#include <vector>

namespace xtbpf {

std::string last_lines(std::string_view log, std::size_t lines) {
    std::vector<std::string_view> kept;
    while (!log.empty() && kept.size() < lines) {
        const std::size_t newline = log.rfind('\n');
        const std::string_view line = newline == std::string_view::npos ? log : log.substr(newline + 1);
        log = newline == std::string_view::npos ? std::string_view{} : log.substr(0, newline);
        if (!line.empty() && !line.starts_with("processed ") && !line.starts_with("verification time"))
            kept.push_back(line);
    }
    std::string text;
    for (auto line = kept.rbegin(); line != kept.rend(); ++line)
        text += fmt::format("\n  {}", *line);
    return text;
}

Result<Fd> load_socket_filter(std::span<const bpf_insn> insns, const char* name) {
    LIBBPF_OPTS(bpf_prog_load_opts, options);
    Fd fd{::bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, name, "GPL", insns.data(), insns.size(), &options)};
    if (fd) return fd;
    const int error = errno;
    std::array<char, 16384> log{};
    options.log_buf = log.data();
    options.log_size = log.size();
    options.log_level = 1;
    const Fd again{::bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, name, "GPL", insns.data(), insns.size(), &options)};
    Error said = refusal(fmt::format("load the BPF program {}", name), error);
    said.message += last_lines(log.data(), 6);
    return std::unexpected(std::move(said));
}

} // namespace xtbpf
