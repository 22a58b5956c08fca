// SPDX-License-Identifier: GPL-2.0-or-later
// Tables that tell from the first bits of an address which tuples are worth a look.
#pragma once

#include "translator/classify/image_writer.hpp"
#include "translator/classify/tuples.hpp"

#include <span>

namespace xtbpf::classify {

// Sets `always` and `pruners` of the index, for the tuples in the order of their numbers, and writes the tables.
void write_pruners(ImageWriter& out, xt_image_index& index, const KeySet& set, std::span<const Tuple* const> tuples,
                   const Links& links, Family family);

} // namespace xtbpf::classify
