// SPDX-License-Identifier: GPL-2.0-or-later
// The index of one long chain: its tuples, their lists, the hash table.
#pragma once

#include "translator/classify/records.hpp"
#include "translator/classify/tuples.hpp"

#include <vector>

namespace xtbpf::classify {

struct IndexStats {
    std::size_t tuples = 0, longest_list = 0;
};

// `at`: becomes the offset of the index of rules with these records, by their keys, which are spread so.
IndexStats write_index(ImageWriter& out, RecordMaker& maker, std::uint32_t& at, const std::vector<Record>& records,
                       const KeySet& keys, const Spread& spread);

} // namespace xtbpf::classify
