// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/lock.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace xtbpf {

XtablesLock::XtablesLock(XtablesLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

XtablesLock& XtablesLock::operator=(XtablesLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

XtablesLock::~XtablesLock() {
    if (fd_ >= 0) close(fd_);
}

namespace {

// Limited waits poll, so that no signal handler of the process is touched.
bool lock_file(int fd, int seconds) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::seconds(seconds);
    while (true) {
        if (flock(fd, seconds < 0 ? LOCK_EX : LOCK_EX | LOCK_NB) == 0) return true;
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK || Clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

} // namespace

// iptables/xshared.c, xtables_lock and xtables_lock_or_exit
Diagnosed<XtablesLock> XtablesLock::take(int seconds) {
    const int code = exit_code(ErrorKind::Locked);
    const char* path = std::getenv("XTABLES_LOCKFILE");
    if (path == nullptr || *path == '\0') path = "/run/xtables.lock";
    XtablesLock lock;
    lock.fd_ = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
    if (lock.fd_ < 0)
        return std::unexpected(
            Diagnosis{code, fmt::format("Fatal: can't open lock file {}: {}\n", path, std::strerror(errno)), {}});
    if (lock_file(lock.fd_, seconds)) return lock;
    std::string text = fmt::format("Can't lock {}: {}\nAnother app is currently holding the xtables lock. ", path,
                                   std::strerror(errno));
    text += seconds == 0 ? "Perhaps you want to use the -w option?\n"
                         : fmt::format("Stopped waiting after {}s.\n", seconds);
    return std::unexpected(Diagnosis{code, std::move(text), {}});
}

} // namespace xtbpf
