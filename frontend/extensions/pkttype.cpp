// SPDX-License-Identifier: GPL-2.0-or-later
// The match `pkttype` (libxt_pkttype.c, net/netfilter/xt_pkttype.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/if_packet.h>
#include <linux/netfilter/xt_pkttype.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"pkt-type", Argument::Required, true}};

struct Type {
    std::string_view name;
    std::uint8_t value;
    std::string_view help; // empty: only another name
};
constexpr std::array kTypes{
    Type{"unicast", PACKET_HOST, "to us"},
    Type{"broadcast", PACKET_BROADCAST, "to all"},
    Type{"multicast", PACKET_MULTICAST, "to group"},
    Type{"otherhost", PACKET_OTHERHOST, "to someone else"},
    Type{"bcast", PACKET_BROADCAST, ""},
    Type{"mcast", PACKET_MULTICAST, ""},
    Type{"host", PACKET_HOST, ""},
};

class PacketType final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        for (const Type& type : kTypes)
            if (!type_ && type.name.size() == use.value.size() &&
                strncasecmp(type.name.data(), use.value.data(), use.value.size()) == 0)
                type_ = type.value;
        if (!type_) return fail(ErrorKind::BadParameter, fmt::format("Bad packet type '{}'", use.value));
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!type_) return guided::missing("pkttype", "pkt-type");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --pkt-type {}", invert_ ? " !" : "", name());
    }
    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " PKTTYPE {}= {}", invert_ ? "!" : "", name());
    }

    // pkttype_mt; what it makes of looped back packets is in the field already
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(in_range(ir::Field::PacketType, *type_, *type_, invert_));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_pkttype_info{.pkttype = *type_, .invert = invert_});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_pkttype_info>(bytes);
        type_ = static_cast<std::uint8_t>(info.pkttype);
        invert_ = info.invert;
        return true;
    }

  private:
    std::string_view name() const {
        for (const Type& type : kTypes)
            if (type.value == type_) return type.name;
        return {};
    }

    std::optional<std::uint8_t> type_;
    bool invert_ = false;
};

std::string help(Family) {
    std::string out = "pkttype match options:\n"
                      "[!] --pkt-type packettype    match packet type\n"
                      "Valid packet types:\n";
    for (const Type& type : kTypes)
        if (!type.help.empty()) out += fmt::format("\t{:<14}\t\t{}\n", type.name, type.help);
    return out + "\n";
}

} // namespace

const MatchDef pkttype_match{
    .name = "pkttype",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<PacketType>(); },
    .structure = structure_of<xt_pkttype_info>,
};

} // namespace xtbpf::extensions
