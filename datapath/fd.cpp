// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/fd.hpp"

#include "datapath/refusal.hpp"

#include <cerrno>
#include <fcntl.h>

namespace xtbpf {

Result<Fd> duplicate(int fd) {
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy) return std::unexpected(refusal("duplicate a file descriptor", errno));
    return copy;
}

} // namespace xtbpf
