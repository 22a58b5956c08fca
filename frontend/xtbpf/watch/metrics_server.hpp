// SPDX-License-Identifier: GPL-2.0-or-later
// Metrics over HTTP, for this machine only: a Unix socket, or a port of a loopback address.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

#include <functional>
#include <string>

namespace xtbpf::tool {

class MetricsServer {
  public:
    // "/run/xtbpf.sock" (mode 0660), "127.0.0.1:9100", "[::1]:9100". Errors: BadParameter, Refused.
    static Result<MetricsServer> listen(const std::string& where, std::function<std::string()> text);

    int fd() const { return listening_.get(); }

    // One connection is waiting: a process of its own answers it, so that no reader can hold up the service.
    void serve();

  private:
    Fd listening_;
    std::function<std::string()> text_;
};

} // namespace xtbpf::tool
