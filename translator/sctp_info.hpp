// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>

namespace xtbpf {

// struct xt_sctp_info of include/uapi/linux/netfilter/xt_sctp.h, which isn't C++.
struct SctpInfo {
    enum : std::uint32_t { Any = 1, All = 2, Only = 4 };                            // how
    enum : std::uint32_t { SourcePorts = 1, DestinationPorts = 2, ChunkTypes = 4 }; // flags
    struct ChunkFlags {
        std::uint8_t chunk, flag, mask;
    };

    std::uint16_t destination_ports[2], source_ports[2];
    std::array<std::uint32_t, 64> types; // a bit each; only the first 8 words count
    std::uint32_t how;
    std::array<ChunkFlags, 4> chunk_flags;
    std::int32_t chunk_flag_count;
    std::uint32_t flags, inverted_flags;
};
static_assert(sizeof(SctpInfo) == 292);

} // namespace xtbpf
