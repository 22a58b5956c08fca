// SPDX-License-Identifier: GPL-2.0-or-later
// Values that have names in a file of iproute2: realms, groups of devices.
#pragma once

#include "frontend/extensions/guided.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xtbpf {

// xtables_lmap_init: lines `NUMBER NAME`, numbers up to 255; no file, no names
class NameMap {
  public:
    explicit NameMap(const char* path);

    // xtables_parse_val_mask: VALUE, VALUE/MASK or a name; the mask is all ones where left out
    Result<guided::Masked> parse(guided::Names names, std::string_view text) const;

    // " 0x1/0x2", or for a full mask " NAME", " 0x1"
    void append(std::string& out, const guided::Masked& value, bool numeric) const;

  private:
    std::vector<std::pair<std::uint32_t, std::string>> names_;
};

const NameMap& realm_names();
const NameMap& device_group_names();

} // namespace xtbpf
