// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel objects of a store: the frozen map with its bytes, and the holder program that refers to it and to the
// pages.
#pragma once

#include "datapath/fd.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtbpf {

// A frozen BPF_MAP_TYPE_ARRAY, to be read through a Mapping: the bytes in order over as many values as it takes, the last one padded
// with zeros. The store's name is "xt_store".
Result<Fd> make_bytes_map(const char* name, std::span<const std::uint8_t> bytes);

struct Holder {
    Fd program;
    std::uint32_t id;
};

// SOCKET_FILTER "xt_holder", which returns 0 and refers to the maps in this order: store, counter pages, limit pages, image (-1:
// there is none).
Result<Holder> make_holder(const Fd& store, const std::vector<int>& counters, const std::vector<int>& limits,
                           int image);

struct StoreMaps {
    Fd holder;
    Fd store;
    std::vector<Fd> counters, limits; // in page order
    Fd image;                         // of the chains that are data; none: there are none
    std::vector<Fd> fitted;           // fitted_objects.hpp
};

// The maps of the program with this id; nullopt: there is no such program, or it is no holder.
Result<std::optional<StoreMaps>> open_store_maps(std::uint32_t holder);

} // namespace xtbpf
