// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/refusal.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace xtbpf {

Error refusal(std::string_view tried, int error) {
    if (error == EPERM) return {ErrorKind::Denied, fmt::format("{}: Permission denied (you must be root)", tried)};
    return {ErrorKind::Refused, fmt::format("{}: {}", tried, std::strerror(error))};
}

} // namespace xtbpf
