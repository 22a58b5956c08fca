// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/explanation.hpp"

#include <fmt/format.h>

namespace xtbpf::tool {

Result<Way> way_of(const std::string& in, const std::string& out, const std::string& hook) {
    constexpr std::size_t kLongestName = 15; // IFNAMSIZ - 1
    for (const std::string& name : {in, out})
        if (name.size() > kLongestName)
            return fail(ErrorKind::BadParameter, fmt::format("the device name `{}' is too long", name));
    Way way{in, out, {}};
    if (!hook.empty()) {
        const auto found = hook_by_chain_name(hook);
        if (!found) return fail(ErrorKind::BadParameter, fmt::format("there is no hook `{}'", hook));
        way.hooks = {*found};
        const bool no_in = *found == Hook::Output, no_out = *found == Hook::Prerouting || *found == Hook::Input;
        if ((no_in && !in.empty()) || (no_out && !out.empty()))
            return fail(ErrorKind::BadParameter, fmt::format("a packet at {} has no such device", hook));
    } else if (!in.empty() && !out.empty()) {
        way.hooks = {Hook::Prerouting, Hook::Forward, Hook::Postrouting};
    } else if (!in.empty()) {
        way.hooks = {Hook::Prerouting, Hook::Input};
    } else if (!out.empty()) {
        way.hooks = {Hook::Output, Hook::Postrouting};
    } else {
        return fail(
            ErrorKind::BadParameter,
            "say which way: --in DEVICE (to this host), --in DEVICE --out DEVICE (forwarded), --out DEVICE (from "
            "this host), or --hook HOOK");
    }
    return way;
}

} // namespace xtbpf::tool
