// SPDX-License-Identifier: GPL-2.0-or-later
// The lock that all programs of the iptables family take: /run/xtables.lock, or what XTABLES_LOCKFILE names.
#pragma once

#include "frontend/diagnosis.hpp"

namespace xtbpf {

class XtablesLock {
  public:
    // Waits at most `seconds`; 0: not at all; -1: for ever. Errors: exit 4 with iptables' texts.
    static Diagnosed<XtablesLock> take(int seconds);

    XtablesLock() = default;
    XtablesLock(XtablesLock&& other) noexcept;
    XtablesLock& operator=(XtablesLock&& other) noexcept;
    ~XtablesLock();

  private:
    int fd_ = -1;
};

} // namespace xtbpf
