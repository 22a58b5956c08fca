// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of the store map and of the tag. Pure: any bytes can be given to the parsers, also a fuzzer's.
#pragma once

#include "translator/error.hpp"
#include "translator/table.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace xtbpf {

// Ties a tag to its store: program ids are reused, so what is found under an id could be somebody else's.
using Nonce = std::array<std::uint8_t, 16>;

// Far above what memory can hold; bounds what a damaged store can make its reader allocate.
inline constexpr std::uint32_t kMostSlots = 1U << 26;

// What is in the map. Account.counters are bases here: shown = base + raw.
struct StoreImage {
    Nonce nonce{};
    std::uint64_t made = 0; // when the table came into being: nanoseconds since boot
    StoredTable table;
};

// Header (magic, version, length, checksum) and body; numbers in host order: a store never leaves its kernel.
// `bases` by slot; the table's own counters aren't written.
std::vector<std::uint8_t> serialize_store(const StoredTable& table, std::span<const Counters> bases, const Nonce& nonce,
                                          std::uint64_t made = 0);

// Makes the header right for whatever body follows it: length and checksum. For serialize_store and for fuzzers, whose
// bytes would otherwise all be turned away at the door.
void seal_store(std::span<std::uint8_t> bytes);

// Trailing bytes beyond the header's length are ignored (a map's value is rounded up). Refused if anything doesn't fit.
Result<StoreImage> parse_store(std::span<const std::uint8_t> bytes);

// The same where it lies, its rules unparsed: for who looks at few of many. Good as long as the bytes.
struct RuleText {
    std::string_view text;
    ir::Slot slot = 0;
};

class ChainText {
  public:
    std::string_view name;
    std::optional<bool> accept;
    std::uint32_t count = 0;             // rules
    std::span<const std::uint8_t> rules; // all of them

    // Calls `visit` with each rule in order until it says true; false: it never did.
    bool find(const std::function<bool(const RuleText&)>& visit) const;
};

struct StoreText {
    Nonce nonce{};
    Family family = Family::V4;
    TableId id = TableId::Filter;
    std::vector<ChainText> chains;
};

// Doesn't look at the checksum, which covers all bytes.
Result<StoreText> scan_store(std::span<const std::uint8_t> bytes);

struct StoreTag {
    std::uint32_t holder = 0; // program id
    Nonce nonce{};
    HookCounters counted{}; // what nf_tables itself had counted already when the store was made; it goes on from there
};

std::vector<std::uint8_t> serialize_tag(const StoreTag& tag);
Result<StoreTag> parse_tag(std::span<const std::uint8_t> bytes);

} // namespace xtbpf
