// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/sctp_chunks.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <strings.h>

namespace xtbpf {

namespace {

struct ChunkName {
    std::string_view name;
    std::uint8_t type;
    std::string_view flags = "--------"; // letters from bit 7 down
};

// In libxt_sctp.c's order, which counts: a chunk's flags are filed under its place here, not under its type.
constexpr std::array kChunks{
    ChunkName{"DATA", 0, "----IUBE"},
    ChunkName{"INIT", 1},
    ChunkName{"INIT_ACK", 2},
    ChunkName{"SACK", 3},
    ChunkName{"HEARTBEAT", 4},
    ChunkName{"HEARTBEAT_ACK", 5},
    ChunkName{"ABORT", 6, "-------T"},
    ChunkName{"SHUTDOWN", 7},
    ChunkName{"SHUTDOWN_ACK", 8},
    ChunkName{"ERROR", 9},
    ChunkName{"COOKIE_ECHO", 10},
    ChunkName{"COOKIE_ACK", 11},
    ChunkName{"ECN_ECNE", 12},
    ChunkName{"ECN_CWR", 13},
    ChunkName{"SHUTDOWN_COMPLETE", 14, "-------T"},
    ChunkName{"I_DATA", 64, "----IUBE"},
    ChunkName{"RE_CONFIG", 130},
    ChunkName{"PAD", 132},
    ChunkName{"ASCONF", 193},
    ChunkName{"ASCONF_ACK", 128},
    ChunkName{"FORWARD_TSN", 192},
    ChunkName{"I_FORWARD_TSN", 194},
};
constexpr std::uint32_t kTypes = 256;

bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

// save_chunk_flag_info
Result<void> add_flag(SctpInfo& info, std::size_t chunk, std::uint8_t bit, bool set) {
    const auto end = info.chunk_flags.begin() + info.chunk_flag_count;
    const auto at = std::find_if(info.chunk_flags.begin(), end, [&](const auto& one) { return one.chunk == chunk; });
    if (at == end) {
        if (end == info.chunk_flags.end())
            return bad("Number of chunk types with flags exceeds currently allowed limit. Increasing this limit "
                       "involves changing IPT_NUM_SCTP_FLAGS and recompiling both the kernel space and user space "
                       "modules");
        at->chunk = static_cast<std::uint8_t>(chunk);
        ++info.chunk_flag_count;
    }
    at->mask |= bit;
    if (set) at->flag |= bit;
    return {};
}

Result<void> parse_flags(SctpInfo& info, std::size_t chunk, std::string_view flags) {
    for (const char letter : flags) {
        const auto byte = static_cast<unsigned char>(letter);
        const std::size_t place = kChunks[chunk].flags.find(static_cast<char>(std::toupper(byte)));
        if (place == std::string_view::npos) return bad(fmt::format("Invalid flags for chunk type {}", chunk));
        const auto bit = static_cast<std::uint8_t>(0x80U >> place);
        if (auto added = add_flag(info, chunk, bit, std::isupper(byte) != 0); !added) return added;
    }
    return {};
}

// parse_sctp_chunk: words as strtok finds them, empty ones don't count
Result<void> parse_list(SctpInfo& info, std::string_view list) {
    if (same_word(list, "ALL")) {
        info.types.fill(~0U);
        return {};
    }
    if (same_word(list, "NONE")) return {};
    while (!list.empty()) {
        const std::string_view word = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), word.size() + 1));
        if (word.empty()) continue;
        const std::size_t colon = word.find(':');
        const std::string_view name = word.substr(0, colon);
        const auto chunk = static_cast<std::size_t>(
            std::ranges::find_if(kChunks, [&](const ChunkName& one) { return same_word(one.name, name); }) -
            kChunks.begin());
        if (chunk == kChunks.size()) return bad(fmt::format("Unknown sctp chunk `{}'", name));
        info.types[kChunks[chunk].type / 32U] |= 1U << kChunks[chunk].type % 32U;
        if (colon == word.npos) continue;
        if (auto parsed = parse_flags(info, chunk, word.substr(colon + 1)); !parsed) return parsed;
    }
    return {};
}

bool is_set(const SctpInfo& info, std::uint32_t type) { return (info.types[type / 32] >> type % 32 & 1) != 0; }

void append_flags(std::string& out, const SctpInfo::ChunkFlags& info) {
    if (info.mask) out += ':';
    for (std::size_t place = 0; place < 8; ++place) {
        const std::uint32_t bit = 0x80U >> place;
        if (!(info.mask & bit)) continue;
        const char letter = kChunks[info.chunk].flags[place];
        out += info.flag & bit ? letter : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
}

void append_type(std::string& out, std::uint32_t type, bool numeric) {
    if (numeric) {
        fmt::format_to(std::back_inserter(out), "0x{:04X}", type);
        return;
    }
    for (const ChunkName& chunk : kChunks)
        if (chunk.type == type) out += chunk.name;
}

} // namespace

// sctp_init
SctpInfo no_sctp_chunks() {
    SctpInfo info{};
    for (SctpInfo::ChunkFlags& flags : info.chunk_flags)
        flags.chunk = 0xFF;
    return info;
}

bool sctp_flags_are_valid(const SctpInfo& chunks) {
    const auto count = static_cast<std::size_t>(chunks.chunk_flag_count);
    return count <= chunks.chunk_flags.size() &&
           std::all_of(chunks.chunk_flags.begin(), chunks.chunk_flags.begin() + chunks.chunk_flag_count,
                       [](const auto& flags) { return flags.chunk < kChunks.size(); });
}

Result<SctpInfo> parse_sctp_chunks(std::string_view how, std::string_view list) {
    SctpInfo info = no_sctp_chunks();
    if (same_word(how, "ANY"))
        info.how = SctpInfo::Any;
    else if (same_word(how, "ALL"))
        info.how = SctpInfo::All;
    else if (same_word(how, "ONLY"))
        info.how = SctpInfo::Only;
    else
        return bad("Match type has to be one of \"ALL\", \"ANY\" or \"ONLY\"");
    if (auto parsed = parse_list(info, list); !parsed) return std::unexpected(std::move(parsed.error()));
    return info;
}

void append_sctp_chunks(std::string& out, const SctpInfo& info, bool numeric) {
    out += info.how == SctpInfo::Any ? " any" : info.how == SctpInfo::All ? " all" : " only";
    const auto all = [&](std::uint32_t word) { return std::ranges::count(info.types, word) == std::ssize(info.types); };
    if (all(0)) {
        out += " NONE";
        return;
    }
    if (all(~0U)) {
        out += " ALL";
        return;
    }
    char before = ' ';
    for (std::uint32_t type = 0; type < kTypes; ++type) {
        if (!is_set(info, type)) continue;
        out += before;
        before = ',';
        append_type(out, type, numeric);
        for (std::int32_t i = 0; i < info.chunk_flag_count; ++i)
            if (const auto& flags = info.chunk_flags[static_cast<std::size_t>(i)]; flags.chunk == type)
                append_flags(out, flags);
    }
}

} // namespace xtbpf
