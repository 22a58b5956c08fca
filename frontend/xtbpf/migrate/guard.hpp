// SPDX-License-Identifier: GPL-2.0-or-later
// A process of its own that undoes what nobody confirms, whatever happens to the terminal or the connection behind it.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

#include <functional>
#include <sys/types.h>

namespace xtbpf::tool {

class Guard {
  public:
    // Waits for confirm() from now on; after `seconds` without one, calls `undo`. Refused if one waits already in this
    // network namespace.
    static Result<Guard> start(unsigned seconds, const std::function<void()>& undo);

    void dismiss() const; // there is nothing to undo

  private:
    explicit Guard(pid_t process) : process_(process) {}
    pid_t process_;
};

// Held while rules move: nobody else moves any in this network namespace. Waits for it.
Result<Fd> moving_lock();

// Tells the guard of this network namespace that all is well. Refused if none waits.
Result<void> confirm();

} // namespace xtbpf::tool
