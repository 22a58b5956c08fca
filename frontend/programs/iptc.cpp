// SPDX-License-Identifier: GPL-2.0-or-later
// iptables-bpf-iptc: answers one question of a program into which the library of kmod-shim/preload was loaded.
#include "datapath/backend.hpp"
#include "frontend/iptc/interface.hpp"
#include "frontend/lower.hpp"
#include "kmod-shim/preload/wire.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

namespace {

using namespace xtbpf;

// Files opened later mustn't be taken for the standard ones.
void hold_standard_files() {
    for (int fd = ::open("/dev/null", O_RDWR); fd >= 0 && fd <= STDERR_FILENO;)
        fd = ::dup(fd);
}

bool read_all(void* to, std::size_t size) {
    auto* at = static_cast<char*>(to);
    while (size > 0) {
        const ssize_t got = ::read(STDIN_FILENO, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_all(const void* from, std::size_t size) {
    const auto* at = static_cast<const char*>(from);
    while (size > 0) {
        const ssize_t put = ::send(STDIN_FILENO, at, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += put;
        size -= static_cast<std::size_t>(put);
    }
    return true;
}

// For the administrator: the program that asked learns no more than a number. Its standard error may be anything.
void tell(const std::string& why) {
    if (why.empty()) return;
    ::openlog("iptables-bpf-iptc", 0, LOG_DAEMON);
    ::syslog(LOG_WARNING, "%s", why.c_str());
    struct stat status {};
    if (::fstat(STDERR_FILENO, &status) == 0 && !S_ISSOCK(status.st_mode))
        std::fputs(fmt::format("iptables-bpf: {}\n", why).c_str(), stderr);
}

iptc::Answer<iptc::Bytes> answer(const xt_iptc_question& question, const iptc::Bytes& value) {
    if (question.family != AF_INET && question.family != AF_INET6) return iptc::refuse(EAFNOSUPPORT, {});
    const auto backend = make_kernel_backend(lower_table);
    return iptc::answer({.family = question.family == AF_INET ? Family::V4 : Family::V6,
                         .question = static_cast<iptc::Question>(question.kind),
                         .value = value,
                         .age = question.old != 0 ? iptc::Age::Old : iptc::Age::New},
                        *backend);
}

} // namespace

int main() {
    hold_standard_files();
    xt_iptc_question question{};
    constexpr std::uint32_t kMost = 1U << 30;
    if (!read_all(&question, sizeof question) || question.size > kMost) return EXIT_FAILURE;
    iptc::Bytes value(question.size);
    if (!read_all(value.data(), value.size())) return EXIT_FAILURE;
    const auto answered = answer(question, value);
    if (!answered && answered.error().error != EAGAIN) tell(answered.error().why);
    const xt_iptc_answer head{.error = answered ? 0 : answered.error().error,
                              .size = answered ? static_cast<std::uint32_t>(answered->size()) : 0};
    const bool told = write_all(&head, sizeof head) && (!answered || write_all(answered->data(), answered->size()));
    return told ? EXIT_SUCCESS : EXIT_FAILURE;
}
