// SPDX-License-Identifier: GPL-2.0-or-later
// The target `TPROXY`, revision 1 (libxt_TPROXY.c, net/netfilter/xt_TPROXY.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_TPROXY.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kPort, kAddress, kMark };

constexpr std::array kOptions{OptionDef{"on-port"}, OptionDef{"on-ip"}, OptionDef{"tproxy-mark"}};

class Tproxy final : public Target {
  public:
    explicit Tproxy(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kPort: {
            const auto port = parse_port_or_service(use.value);
            if (!port) return std::unexpected(port.error());
            port_ = *port;
            return {};
        }
        case kAddress: {
            const auto address = parse_host(family_, use.value);
            if (!address) return std::unexpected(address.error());
            address_ = *address;
            return {};
        }
        default: {
            const auto mark = guided::mark({"TPROXY", "tproxy-mark"}, use.value);
            if (!mark) return std::unexpected(mark.error());
            mark_ = *mark;
            return {};
        }
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (!port_) return guided::missing("TPROXY", "on-port");
        return {};
    }

    // tproxy_tg4_check, tproxy_tg6_check
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if ((rule.protocol == IPPROTO_TCP || rule.protocol == IPPROTO_UDP) && !rule.protocol_inverted) return {};
        return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --on-port {} --on-ip {} --tproxy-mark 0x{:x}/0x{:x}", *port_,
                       host_text(family_, address_), mark_.value, mark_.mask);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " TPROXY redirect {}:{} mark 0x{:x}/0x{:x}",
                       host_text(family_, address_), *port_, mark_.value, mark_.mask);
    }

    ir::Action lower(const RuleContext&) const override {
        ir::TproxyEffect effect{.port = *port_, .mark_mask = mark_.mask, .mark_value = mark_.value};
        if (address_ != ir::Words{}) effect.address = address_;
        return ir::HandOff{effect};
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_tproxy_target_info_v1>();
        info.mark_mask = mark_.mask;
        info.mark_value = mark_.value;
        put_words(info.laddr.all, address_);
        info.lport = htons(*port_);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_tproxy_target_info_v1>(bytes);
        mark_ = {info.mark_value, info.mark_mask};
        address_ = words_in(info.laddr.all);
        port_ = ntohs(info.lport);
        return true;
    }

  private:
    Family family_;
    std::optional<std::uint16_t> port_;
    ir::Words address_{};
    guided::Masked mark_{};
};

std::string help(Family) {
    return "TPROXY target options:\n"
           "  --on-port port\t\t    Redirect connection to port, or the original port if 0\n"
           "  --on-ip ip\t\t\t    Optionally redirect to the given IP\n"
           "  --tproxy-mark value[/mask]\t    Mark packets with the given value/mask\n"
           "\n";
}

} // namespace

const TargetDef tproxy_target{
    .name = "TPROXY",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting), .table = TableId::Mangle},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<Tproxy>(family); },
    .structure = structure_of<xt_tproxy_target_info_v1, 1>,
};

} // namespace xtbpf::extensions
