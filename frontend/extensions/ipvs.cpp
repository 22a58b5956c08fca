// SPDX-License-Identifier: GPL-2.0-or-later
// The match `ipvs` (libxt_ipvs.c, net/netfilter/xt_ipvs.c). The connections are the kernel's.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/protocols.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/ip_vs.h>
#include <linux/netfilter/xt_ipvs.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kIpvs, kProto, kAddress, kPort, kDirection, kMethod, kPortControl };

constexpr std::array kOptions{
    OptionDef{"ipvs", Argument::None, true},
    OptionDef{"vproto", Argument::Required, true},
    OptionDef{"vaddr", Argument::Required, true},
    OptionDef{"vport", Argument::Required, true},
    OptionDef{"vdir"},
    OptionDef{"vmethod", Argument::Required, true},
    OptionDef{"vportctl", Argument::Required, true},
};

struct Method {
    std::string_view name;
    std::uint8_t value;
};
constexpr std::array kMethods{Method{"GATE", IP_VS_CONN_F_DROUTE}, Method{"IPIP", IP_VS_CONN_F_TUNNEL},
                              Method{"MASQ", IP_VS_CONN_F_MASQ}};

bool same(std::string_view text, std::string_view name) {
    return text.size() == name.size() && strncasecmp(text.data(), name.data(), name.size()) == 0;
}

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

std::unexpected<Error> bad_value(const OptionUse& use) {
    return bad(fmt::format("ipvs: Bad value for \"--{}\" option: \"{}\"", kOptions[use.option].name, use.value));
}

class Ipvs final : public Match {
  public:
    explicit Ipvs(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        switch (use.option) {
        case kProto: {
            const auto protocol = parse_protocol(use.value);
            if (!protocol) return bad(fmt::format("unknown protocol \"{}\" specified", use.value));
            protocol_ = *protocol;
            return {};
        }
        case kAddress: {
            const auto address = parse_host_mask(family_, {"ipvs", "vaddr"}, use.value);
            if (!address) return std::unexpected(address.error());
            address_ = *address;
            return {};
        }
        case kPort:
        case kPortControl: {
            const auto port = parse_port_range({"ipvs", kOptions[use.option].name}, use.value);
            if (!port) return std::unexpected(port.error());
            (use.option == kPort ? port_ : port_control_) = port->low;
            return {};
        }
        case kDirection:
            invert_[kDirection] = same(use.value, "REPLY");
            if (!invert_[kDirection] && !same(use.value, "ORIGINAL")) return bad_value(use);
            return {};
        case kMethod:
            for (const Method& method : kMethods)
                if (same(use.value, method.name)) {
                    method_ = method.value;
                    return {};
                }
            return bad_value(use);
        default: return {};
        }
    }

    Result<void> finish(const RuleContext&) override {
        bool others = false;
        for (std::size_t i = kProto; i < kOptions.size(); ++i)
            others |= used_[i];
        if (!others && !used_[kIpvs]) return bad("IPVS: At least one option is required");
        if (others && invert_[kIpvs]) return bad("! --ipvs cannot be together with other options");
        alone_ = !others;
        used_[kIpvs] = true;
        return {};
    }

    void save(std::string& out) const override { append(out, "--", true); }
    void list(std::string& out, bool numeric) const override { append(out, "", numeric); }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_ipvs_mtinfo>();
        put_words(info.vaddr.all, address_.host);
        put_mask(info.vmask.all, family_, address_.mask);
        info.vport = htons(port_);
        info.vportctl = htons(port_control_);
        info.l4proto = protocol_;
        info.fwd_method = method_;
        for (std::size_t i = 0; i < kOptions.size(); ++i) { // XT_IPVS_*: a bit an option, in their order
            if (used_[i]) info.bitmask = static_cast<std::uint8_t>(info.bitmask | 1U << i);
            if (invert_[i]) info.invert = static_cast<std::uint8_t>(info.invert | 1U << i);
        }
        out.push_back(kernel_match("ipvs", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_ipvs_mtinfo>(bytes);
        address_ = {words_in(info.vaddr.all), words_in(info.vmask.all)};
        if (family_ == Family::V4) address_.mask = {address_.mask[0]};
        port_ = ntohs(info.vport);
        port_control_ = ntohs(info.vportctl);
        protocol_ = info.l4proto;
        method_ = info.fwd_method;
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            used_[i] = info.bitmask >> i & 1;
            invert_[i] = info.invert >> i & 1;
        }
        alone_ = (info.bitmask & XT_IPVS_ONCE_MASK) == 0;
        return true;
    }

  private:
    // ipvs_mt_dump
    void append(std::string& out, std::string_view dashes, bool numeric) const {
        auto to = std::back_inserter(out);
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!used_[i] || (i == kIpvs && !alone_)) continue;
            if (i == kDirection) {
                fmt::format_to(to, " {}vdir {}", dashes, invert_[i] ? "REPLY" : "ORIGINAL");
                continue;
            }
            fmt::format_to(to, "{} {}{}", invert_[i] ? " !" : "", dashes,
                           i == kProto && dashes.empty() ? "proto" : kOptions[i].name);
            append_value(out, i, numeric);
        }
    }

    void append_value(std::string& out, std::size_t i, bool numeric) const {
        auto to = std::back_inserter(out);
        switch (i) {
        case kProto: fmt::format_to(to, " {}", protocol_); break;
        case kPort: fmt::format_to(to, " {}", port_); break;
        case kPortControl: fmt::format_to(to, " {}", port_control_); break;
        case kAddress:
            if (!numeric && address_.host == ir::Words{})
                out += " anywhere";
            else
                fmt::format_to(to, " {}{}",
                               numeric ? host_text(family_, address_.host) : host_name(family_, address_.host),
                               mask_text(family_, address_.mask));
            break;
        case kMethod:
            for (const Method& method : kMethods)
                if (method.value == method_) fmt::format_to(to, " {}", method.name);
            break;
        default: break;
        }
    }

    Family family_;
    std::array<bool, kOptions.size()> used_{}, invert_{};
    bool alone_ = false;
    HostMask address_;
    std::uint16_t port_ = 0, port_control_ = 0;
    std::uint8_t protocol_ = 0, method_ = 0;
};

std::string help(Family) {
    return "IPVS match options:\n"
           "[!] --ipvs                      packet belongs to an IPVS connection\n"
           "\n"
           "Any of the following options implies --ipvs (even negated)\n"
           "[!] --vproto protocol           VIP protocol to match; by number or name,\n"
           "                                e.g. \"tcp\"\n"
           "[!] --vaddr address[/mask]      VIP address to match\n"
           "[!] --vport port                VIP port to match; by number or name,\n"
           "                                e.g. \"http\"\n"
           "    --vdir {ORIGINAL|REPLY}     flow direction of packet\n"
           "[!] --vmethod {GATE|IPIP|MASQ}  IPVS forwarding method used\n"
           "[!] --vportctl port             VIP port of the controlling connection to\n"
           "                                match, e.g. 21 for FTP\n";
}

} // namespace

const MatchDef ipvs_match{
    .name = "ipvs",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<Ipvs>(family); },
    .structure = structure_of<xt_ipvs_mtinfo, 0, clear_behind_ipv4<offsetof(xt_ipvs_mtinfo, vaddr), 2>>,
};

} // namespace xtbpf::extensions
