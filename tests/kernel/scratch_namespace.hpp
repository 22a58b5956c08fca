// SPDX-License-Identifier: GPL-2.0-or-later
// Fixture: the test runs in a fresh network namespace with lo up, which goes away with the next test or the process.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xtbpf::testing {

// The namespace the process started in; -1 if it can't be opened.
inline const int initial_namespace = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

// Leaves the network namespace the process is in, for a new one with lo up. False with errno set.
inline bool enter_new_namespace() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    const bool up = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    ::close(socket);
    return up;
}

class ScratchNamespace : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: network namespaces and BPF are not tested";
        if (!enter_new_namespace()) GTEST_SKIP() << "no network namespace can be made: " << std::strerror(errno);
    }
};

} // namespace xtbpf::testing
