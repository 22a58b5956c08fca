// SPDX-License-Identifier: GPL-2.0-or-later
// The match `addrtype`, revision 1 (libxt_addrtype.c, net/netfilter/xt_addrtype.c). What type an address has only the
// kernel's routing tables know, so the kernel's own match is asked.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_addrtype.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSource, kDestination, kLimitIn, kLimitOut };

constexpr std::array kOptions{
    OptionDef{"src-type", Argument::Required, true},
    OptionDef{"dst-type", Argument::Required, true},
    OptionDef{"limit-iface-in", Argument::None},
    OptionDef{"limit-iface-out", Argument::None},
};

constexpr std::array kTypes{
    NamedBits{"UNSPEC", XT_ADDRTYPE_UNSPEC},
    NamedBits{"UNICAST", XT_ADDRTYPE_UNICAST},
    NamedBits{"LOCAL", XT_ADDRTYPE_LOCAL},
    NamedBits{"BROADCAST", XT_ADDRTYPE_BROADCAST},
    NamedBits{"ANYCAST", XT_ADDRTYPE_ANYCAST},
    NamedBits{"MULTICAST", XT_ADDRTYPE_MULTICAST},
    NamedBits{"BLACKHOLE", XT_ADDRTYPE_BLACKHOLE},
    NamedBits{"UNREACHABLE", XT_ADDRTYPE_UNREACHABLE},
    NamedBits{"PROHIBIT", XT_ADDRTYPE_PROHIBIT},
    NamedBits{"THROW", XT_ADDRTYPE_THROW},
    NamedBits{"NAT", XT_ADDRTYPE_NAT},
    NamedBits{"XRESOLVE", XT_ADDRTYPE_XRESOLVE},
};

// libxt_addrtype.c quotes the rest of a list in another way than its last word
std::unexpected<Error> bad_type(std::string_view rest) {
    const bool last = rest.find(',') == rest.npos;
    return fail(ErrorKind::BadParameter,
                last ? fmt::format("addrtype: bad type \"{}\"", rest) : fmt::format("addrtype: bad type `{}'", rest));
}

class AddressType final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option <= kDestination) {
            const auto types = parse_name_list(use.value, kTypes);
            if (!types) return bad_type(types.error());
            types_[use.option] = *types;
            invert_[use.option] = use.inverted;
        }
        used_[use.option] = true;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!used_[kSource] && !used_[kDestination])
            return fail(ErrorKind::BadParameter, "addrtype: you must specify --src-type or --dst-type");
        if (used_[kLimitIn] && used_[kLimitOut])
            return guided::excluded("addrtype", "limit-iface-in", "limit-iface-out");
        return {};
    }

    // addrtype_mt_checkentry_v1: a device there is none of at the hook, types that IPv6 hasn't got
    Result<void> check(const RuleContext& rule, std::uint32_t hooks) const override {
        const std::uint32_t types = types_[kSource] | types_[kDestination];
        const bool no_out = used_[kLimitOut] && (hooks & (hook_bit(Hook::Prerouting) | hook_bit(Hook::Input)));
        const bool no_in = used_[kLimitIn] && (hooks & (hook_bit(Hook::Postrouting) | hook_bit(Hook::Output)));
        const bool not_in_v6 = rule.family == Family::V6 && (types >= XT_ADDRTYPE_PROHIBIT ||
                                                             (types & (XT_ADDRTYPE_BLACKHOLE | XT_ADDRTYPE_BROADCAST)));
        if (no_out || no_in || not_in_v6)
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override {
        for (const std::size_t side : {kSource, kDestination}) {
            if (!used_[side]) continue;
            fmt::format_to(std::back_inserter(out), "{} --{} ", invert_[side] ? " !" : "", kOptions[side].name);
            append_name_list(out, types_[side], kTypes);
        }
        if (used_[kLimitIn]) out += " --limit-iface-in";
        if (used_[kLimitOut]) out += " --limit-iface-out";
    }

    void list(std::string& out, bool) const override {
        out += " ADDRTYPE match";
        for (const std::size_t side : {kSource, kDestination}) {
            if (!used_[side]) continue;
            fmt::format_to(std::back_inserter(out), " {} {}", kOptions[side].name, invert_[side] ? "!" : "");
            append_name_list(out, types_[side], kTypes);
        }
        if (used_[kLimitIn]) out += " limit-in";
        if (used_[kLimitOut]) out += " limit-out";
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_addrtype_info_v1>();
        info.source = static_cast<std::uint16_t>(types_[kSource]);
        info.dest = static_cast<std::uint16_t>(types_[kDestination]);
        if (invert_[kSource]) info.flags |= XT_ADDRTYPE_INVERT_SOURCE;
        if (invert_[kDestination]) info.flags |= XT_ADDRTYPE_INVERT_DEST;
        if (used_[kLimitIn]) info.flags |= XT_ADDRTYPE_LIMIT_IFACE_IN;
        if (used_[kLimitOut]) info.flags |= XT_ADDRTYPE_LIMIT_IFACE_OUT;
        out.push_back(kernel_match("addrtype", 1, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_addrtype_info_v1>(bytes);
        types_ = {info.source, info.dest};
        used_ = {info.source != 0, info.dest != 0, (info.flags & XT_ADDRTYPE_LIMIT_IFACE_IN) != 0,
                 (info.flags & XT_ADDRTYPE_LIMIT_IFACE_OUT) != 0};
        invert_ = {(info.flags & XT_ADDRTYPE_INVERT_SOURCE) != 0, (info.flags & XT_ADDRTYPE_INVERT_DEST) != 0};
        return true;
    }

  private:
    std::array<bool, kOptions.size()> used_{};
    std::array<bool, 2> invert_{};
    std::array<std::uint32_t, 2> types_{}; // XT_ADDRTYPE_*, by kSource, kDestination
};

std::string help(Family) {
    std::string out = "Address type match options:\n"
                      " [!] --src-type type[,...]      Match source address type\n"
                      " [!] --dst-type type[,...]      Match destination address type\n"
                      "     --limit-iface-in           Match only on the packet's incoming device\n"
                      "     --limit-iface-out          Match only on the packet's outgoing device\n"
                      "\n"
                      "Valid types:           \n";
    for (const NamedBits& type : kTypes)
        out += fmt::format("                                {}\n", type.name);
    return out;
}

} // namespace

const MatchDef addrtype_match{
    .name = "addrtype",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<AddressType>(); },
    .structure = structure_of<xt_addrtype_info_v1, 1>,
};

} // namespace xtbpf::extensions
