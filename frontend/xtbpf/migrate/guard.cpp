// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/migrate/guard.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits>
#include <poll.h>
#include <string>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

namespace xtbpf::tool {

namespace {

constexpr char kConfirmed = 'y';

// One for each network namespace; only root may write in the directory.
Result<sockaddr_un> address() {
    struct stat space {};
    if (::stat("/proc/self/ns/net", &space) != 0)
        return fail(ErrorKind::Refused, fmt::format("/proc/self/ns/net: {}", std::strerror(errno)));
    sockaddr_un found{};
    found.sun_family = AF_UNIX;
    const std::string path = fmt::format("/run/xtbpf-migrate.{}", space.st_ino);
    std::memcpy(found.sun_path, path.c_str(), path.size() + 1);
    return found;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

bool wait_readable(int fd, std::chrono::steady_clock::time_point end) {
    while (true) {
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (rest.count() <= 0) return false;
        pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
        const auto patience = std::min<std::int64_t>(rest.count(), std::numeric_limits<int>::max()); // then again
        if (::poll(&one, 1, static_cast<int>(patience)) > 0) return true;
    }
}

[[noreturn]] void watch(const Fd& listener, const char* path, unsigned seconds, const std::function<void()>& undo) {
    ::setsid();
    for (const int signal : {SIGHUP, SIGINT, SIGPIPE})
        std::signal(signal, SIG_IGN);
    const Fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) // who waits for their end isn't kept waiting
        ::dup2(nowhere.get(), stream);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (wait_readable(listener.get(), end)) {
        const Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        char word = 0; // nothing comes of who only asks whether somebody waits here
        if (!wait_readable(peer.get(), end) || ::read(peer.get(), &word, 1) != 1 || word != kConfirmed) continue;
        ::unlink(path);
        (void)!::write(peer.get(), &kConfirmed, 1);
        ::_exit(0);
    }
    ::unlink(path);
    undo();
    ::_exit(0);
}

} // namespace

Result<Guard> Guard::start(unsigned seconds, const std::function<void()>& undo) {
    const auto where = address();
    if (!where) return std::unexpected(where.error());
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(listener.get(), generic(*where), sizeof *where) == 0)
        return fail(ErrorKind::Refused, "an earlier migration waits to be confirmed (xtbpf migrate --confirm-now)");
    ::unlink(where->sun_path); // of a guard that was killed
    const Fd fresh(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const mode_t mask = ::umask(0177);
    const bool bound = ::bind(fresh.get(), generic(*where), sizeof *where) == 0 && ::listen(fresh.get(), 1) == 0;
    ::umask(mask);
    if (!bound) return fail(ErrorKind::Refused, fmt::format("{}: {}", where->sun_path, std::strerror(errno)));
    const pid_t process = ::fork();
    if (process < 0) return fail(ErrorKind::Refused, fmt::format("fork: {}", std::strerror(errno)));
    if (process == 0) watch(fresh, where->sun_path, seconds, undo);
    return Guard(process);
}

void Guard::dismiss() const {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    if (const auto where = address()) ::unlink(where->sun_path);
}

Result<Fd> moving_lock() {
    // A namespace has one inode, and that can be locked. The programs that are run inherit the lock: if we are killed, it lasts
    // until the one that is at work is done.
    Fd space(::open("/proc/self/ns/net", O_RDONLY)); // NOLINT(android-cloexec-open)
    if (!space || ::flock(space.get(), LOCK_EX) != 0)
        return fail(ErrorKind::Refused, fmt::format("lock the network namespace: {}", std::strerror(errno)));
    return space;
}

Result<void> confirm() {
    const auto where = address();
    if (!where) return std::unexpected(where.error());
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    char answer = 0;
    if (::connect(socket.get(), generic(*where), sizeof *where) != 0 || ::write(socket.get(), &kConfirmed, 1) != 1 ||
        ::read(socket.get(), &answer, 1) != 1)
        return fail(ErrorKind::Refused, "no migration waits to be confirmed here: there was none, or its time is over");
    return {};
}

} // namespace xtbpf::tool
