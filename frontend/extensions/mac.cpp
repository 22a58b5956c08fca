// SPDX-License-Identifier: GPL-2.0-or-later
// The match `mac` (libxt_mac.c, net/netfilter/xt_mac.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_mac.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"mac-source", Argument::Required, true}};

using Address = std::array<std::uint8_t, 6>;

// xtopt_parse_ethermac: six numbers in hex of at most two characters each, with colons between
std::optional<Address> parse_address(std::string_view value) {
    const std::string text(value);
    const char* at = text.c_str();
    Address address{};
    for (std::size_t i = 0; i < address.size(); ++i) {
        char* end = nullptr;
        address[i] = static_cast<std::uint8_t>(std::strtoul(at, &end, 16));
        if (*end != (i + 1 < address.size() ? ':' : '\0') || end - at > 2) return std::nullopt;
        at = end + 1;
    }
    return address;
}

class Mac final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        address_ = parse_address(use.value);
        if (!address_) return fail(ErrorKind::BadParameter, "Invalid MAC address specified.");
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!address_) return guided::missing("mac", "mac-source");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --mac-source" : " --mac-source";
        append(out);
    }

    void list(std::string& out, bool) const override {
        out += invert_ ? " MAC !" : " MAC";
        append(out);
    }

    // mac_mt: without an Ethernet header false, inverted or not
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        const Address& mac = *address_;
        const std::uint32_t high = mac[0] * 0x100U + mac[1];
        const std::uint32_t low = mac[2] * 0x1000000U + mac[3] * 0x10000U + mac[4] * 0x100U + mac[5];
        out.push_back(in_range(ir::Field::MacValid, 1, 1, false));
        if (invert_) {
            out.push_back(ir::AnyOf{.tests = {in_range(ir::Field::MacSourceHigh, high, high, true),
                                              in_range(ir::Field::MacSourceLow, low, low, true)}});
        } else {
            out.push_back(in_range(ir::Field::MacSourceHigh, high, high, false));
            out.push_back(in_range(ir::Field::MacSourceLow, low, low, false));
        }
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_mac_info>();
        std::ranges::copy(*address_, info.srcaddr);
        info.invert = invert_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_mac_info>(bytes);
        std::ranges::copy(info.srcaddr, address_.emplace().begin());
        invert_ = info.invert;
        return true;
    }

  private:
    void append(std::string& out) const {
        const Address& mac = *address_;
        fmt::format_to(std::back_inserter(out), " {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2],
                       mac[3], mac[4], mac[5]);
    }

    std::optional<Address> address_;
    bool invert_ = false;
};

std::string help(Family) {
    return "mac match options:\n"
           "[!] --mac-source XX:XX:XX:XX:XX:XX\n"
           "\t\t\t\tMatch source MAC address\n";
}

} // namespace

const MatchDef mac_match{
    .name = "mac",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Mac>(); },
    .structure = structure_of<xt_mac_info>,
};

} // namespace xtbpf::extensions
