// SPDX-License-Identifier: GPL-2.0-or-later
// Walks the attributes of a netlink message (libmnl's own loop is a macro that doesn't convert cleanly in C++).
#pragma once

#include <cstddef>
#include <libmnl/libmnl.h>

namespace xtbpf::anchor {

// Calls `each(const nlattr*)` for the attributes behind the first `offset` bytes of the payload, in order.
template <typename Each> void for_attributes(const nlmsghdr* message, std::size_t offset, Each each) {
    const auto visit = [](const nlattr* attribute, void* data) {
        (*static_cast<Each*>(data))(attribute);
        return MNL_CB_OK;
    };
    mnl_attr_parse(message, static_cast<unsigned>(offset), visit, &each);
}

} // namespace xtbpf::anchor
