// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of ipset in the options of extensions: `--add-set NAME src,dst`, `--match-set NAME src`.
//
// The kernel knows a set by its index, the user by its name. A rule's canonical text keeps the name; the index is asked for
// whenever rules are compiled. That is exact: our rules in the kernel hold a reference to the set, as legacy's do, and the
// kernel neither destroys nor renames a set in use (net/netfilter/ipset/ip_set_core.c, ip_set_destroy, ip_set_rename); a swap
// exchanges what two sets hold, while index and name stay together (ip_set_swap).
#pragma once

#include "frontend/extension.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xtbpf {

struct IpSet {
    std::uint16_t index = 0;
    std::optional<Family> family{}; // nullopt: serves both
};

// Where the sets of this network namespace are looked up: the kernel, or a table of a test's own. Asked by several threads at
// once.
class SetIndex {
  public:
    virtual ~SetIndex() = default;
    virtual Result<std::optional<IpSet>> find(std::string_view name) = 0; // nullopt: there is no such set
    virtual Result<std::optional<std::string>> name_of(std::uint16_t index) = 0;
};
SetIndex& set_index();
void use_set_index(SetIndex* index); // must outlive its use; nullptr: the kernel's again

// struct xt_set_info without the index
struct SetUse {
    std::string name;
    std::uint8_t dimensions = 0; // 0: not given
    std::uint8_t sources = 0;    // bit n: `src` in dimension n, from 1
};

// The name and the directions of `--OPTION NAME src,dst` (libxt_set.h, parse_target and parse_dirs). Rules that the user gives
// (RuleContext::warnings) need the set to be there and to be of their family; those of the store are taken as they are.
Result<SetUse> parse_set_use(std::string_view option, const OptionUse& use);

// " --OPTION NAME src,dst", or for -L " OPTION NAME src,dst" with the option as given; nothing if it wasn't.
void append_set_use(std::string& out, std::string_view option, const SetUse& set);

// What check() answers: Refused if the set is gone, as ip_set_nfnl_get_byindex's failure is.
Result<void> check_set_use(const SetUse& set);

// struct xt_set_info, host order: index, dimensions, flags. IPSET_INVALID_ID, which no kernel takes, for a set that isn't there
// or wasn't given.
std::array<std::uint8_t, 4> set_use_info(const SetUse& set);
std::optional<SetUse> set_use_from(const std::array<std::uint8_t, 4>& info); // nullopt: no such set, dimensions of none

} // namespace xtbpf
