// SPDX-License-Identifier: GPL-2.0-or-later
// The match `udp` (libxt_udp.c, net/netfilter/xt_tcpudp.c).
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{
    OptionDef{"source-port", Argument::Required, true},
    OptionDef{"destination-port", Argument::Required, true},
    OptionDef{"sport", Argument::Required, true, false, "source-port"},
    OptionDef{"dport", Argument::Required, true, false, "destination-port"},
};

class Udp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        auto range = parse_port_range({"udp", kOptions[use.option].name}, use.value);
        if (!range) return std::unexpected(std::move(range.error()));
        range->invert = use.inverted;
        (use.option == 0 ? sources_ : destinations_) = *range;
        return {};
    }

    void save(std::string& out) const override {
        save_ports(out, "sport", sources_);
        save_ports(out, "dport", destinations_);
    }

    void list(std::string& out, bool numeric) const override {
        out += " udp";
        list_ports(out, "spt", sources_, "udp", numeric);
        list_ports(out, "dpt", destinations_, "udp", numeric);
    }

    // udp_mt
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 8});
        lower_ports(out, ir::Field::SourcePort, sources_);
        lower_ports(out, ir::Field::DestinationPort, destinations_);
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_udp>();
        info.spts[0] = sources_.low;
        info.spts[1] = sources_.high;
        info.dpts[0] = destinations_.low;
        info.dpts[1] = destinations_.high;
        set_bit(info.invflags, XT_UDP_INV_SRCPT, sources_.invert);
        set_bit(info.invflags, XT_UDP_INV_DSTPT, destinations_.invert);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_udp>(bytes);
        sources_ = {info.spts[0], info.spts[1], (info.invflags & XT_UDP_INV_SRCPT) != 0};
        destinations_ = {info.dpts[0], info.dpts[1], (info.invflags & XT_UDP_INV_DSTPT) != 0};
        return true;
    }

  private:
    PortRange sources_, destinations_;
};

std::string help(Family) {
    return "udp match options:\n"
           "[!] --source-port port[:port]\n"
           " --sport ...\n"
           "\t\t\t\tmatch source port(s)\n"
           "[!] --destination-port port[:port]\n"
           " --dport ...\n"
           "\t\t\t\tmatch destination port(s)\n";
}

} // namespace

const MatchDef udp_match{
    .name = "udp",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_UDP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Udp>(); },
    .protocol = IPPROTO_UDP,
    .structure = structure_of<xt_udp>,
};

} // namespace xtbpf::extensions
