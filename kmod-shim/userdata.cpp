// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/userdata.hpp"

namespace xtbpf::anchor {

namespace {

constexpr std::uint8_t kComment = 0;    // NFTNL_UDATA_RULE_COMMENT of libnftnl: text with its final zero
constexpr std::uint8_t kStoreNote = 96; // ours: flags, then the tag; nft skips types it doesn't know
constexpr std::uint8_t kConntrackFlag = 1;

void append(std::vector<std::uint8_t>& to, std::uint8_t type, std::span<const std::uint8_t> value) {
    to.push_back(type);
    to.push_back(static_cast<std::uint8_t>(value.size()));
    to.insert(to.end(), value.begin(), value.end());
}

} // namespace

std::vector<std::uint8_t> comment(std::string_view text) {
    std::vector<std::uint8_t> value(text.begin(), text.end());
    value.push_back(0);
    std::vector<std::uint8_t> userdata;
    append(userdata, kComment, value);
    return userdata;
}

std::vector<std::uint8_t> store_note(const StoreNote& note) {
    std::vector<std::uint8_t> value{note.conntrack ? kConntrackFlag : std::uint8_t{0}};
    value.insert(value.end(), note.tag.begin(), note.tag.end());
    std::vector<std::uint8_t> userdata = comment("iptables-bpf store");
    append(userdata, kStoreNote, value);
    return userdata;
}

std::optional<StoreNote> parse_store_note(std::span<const std::uint8_t> userdata) {
    while (userdata.size() >= 2) {
        const std::uint8_t type = userdata[0];
        const std::size_t length = userdata[1];
        if (userdata.size() - 2 < length) return std::nullopt;
        const auto value = userdata.subspan(2, length);
        if (type == kStoreNote && !value.empty())
            return StoreNote{(value[0] & kConntrackFlag) != 0, {value.begin() + 1, value.end()}};
        userdata = userdata.subspan(2 + length);
    }
    return std::nullopt;
}

} // namespace xtbpf::anchor
