// SPDX-License-Identifier: GPL-2.0-or-later
// Source and destination of a rule: address lists as written (names, masks, several addresses), as saved, as listed.
#pragma once

#include "translator/error.hpp"
#include "translator/ir.hpp"
#include "translator/tables.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

// Words in host order, most significant first; an IPv4 address is word 0. The address has no bits outside the mask.
struct Network {
    ir::Words address{}, mask{};
    bool operator==(const Network&) const = default;
    bool any() const { return mask == ir::Words{}; }
};

// "a[/mask][,b[/mask]...]"; a host name may stand for several. Errors: BadParameter.
Result<std::vector<Network>> parse_networks(std::string_view list, Family family);

// " -s 10.0.0.0/8", or nothing where it says nothing. `letter` is 's' or 'd'.
void save_network(std::string& out, char letter, const Network& network, bool inverted, Family family);

// As in the columns of -L: a name unless `numeric`; a full mask isn't shown.
std::string list_network(const Network& network, Family family, bool numeric);

} // namespace xtbpf
