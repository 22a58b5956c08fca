// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/command.hpp"

#include "datapath/fd.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace xtbpf::tool {

namespace {

// A file in memory: unlike pipes it can't be full while both sides wait.
Fd memory_file(const std::string& text) {
    Fd file(::memfd_create("text", MFD_CLOEXEC));
    for (std::size_t written = 0; file && written < text.size();) {
        const auto more = ::write(file.get(), text.data() + written, text.size() - written);
        if (more <= 0) return Fd{};
        written += static_cast<std::size_t>(more);
    }
    if (file && ::lseek(file.get(), 0, SEEK_SET) != 0) return Fd{};
    return file;
}

// All of it, or nothing: half of a save is other rules.
std::optional<std::string> content(const Fd& file) {
    std::string text;
    char buffer[65536];
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return std::nullopt;
    ssize_t got = 0;
    while ((got = ::read(file.get(), buffer, sizeof buffer)) > 0)
        text.append(buffer, static_cast<std::size_t>(got));
    if (got < 0) return std::nullopt;
    return text;
}

} // namespace

Result<std::string> run_program(const std::vector<std::string>& words, const std::string& input) {
    const Fd in = memory_file(input), out = memory_file({}), errors = memory_file({});
    if (!in || !out || !errors)
        return fail(ErrorKind::Refused, fmt::format("run {}: {}", words.front(), std::strerror(errno)));
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return fail(ErrorKind::Refused, fmt::format("run {}: {}", words.front(), std::strerror(error)));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        auto text = content(out);
        if (!text)
            return fail(ErrorKind::Refused, fmt::format("read what {} wrote: {}", words.front(), std::strerror(errno)));
        return std::move(*text);
    }
    std::string said = content(errors).value_or("");
    while (said.ends_with('\n'))
        said.pop_back();
    return fail(ErrorKind::Refused, fmt::format("{}: {}", words.front(), said.empty() ? "it failed" : said));
}

} // namespace xtbpf::tool
