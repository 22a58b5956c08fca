// SPDX-License-Identifier: GPL-2.0-or-later
// The match `dccp` (libxt_dccp.c, net/netfilter/xt_dccp.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_dccp.h>
#include <netinet/in.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSource, kDestination, kTypes, kOption };

constexpr std::array kOptions{
    OptionDef{"source-port", Argument::Required, true},
    OptionDef{"destination-port", Argument::Required, true},
    OptionDef{"dccp-types", Argument::Required, true},
    OptionDef{"dccp-option", Argument::Required, true},
    OptionDef{"sport", Argument::Required, true, false, "source-port"},
    OptionDef{"dport", Argument::Required, true, false, "destination-port"},
};

constexpr std::array<std::uint16_t, 4> kFlags{XT_DCCP_SRC_PORTS, XT_DCCP_DEST_PORTS, XT_DCCP_TYPE, XT_DCCP_OPTION};

// By number (RFC 4340, 5.1). The last stands for all numbers without a name.
constexpr std::uint16_t kNumbers = 16;
constexpr std::array<std::string_view, 11> kTypeNames{"REQUEST", "RESPONSE", "DATA", "ACK",     "DATAACK", "CLOSEREQ",
                                                      "CLOSE",   "RESET",    "SYNC", "SYNCACK", "INVALID"};

constexpr std::uint32_t bits_of(std::size_t type) {
    return type + 1 < kTypeNames.size() ? 1U << type : 0xFFFFU & ~0U << type;
}

// parse_dccp_types: words as strtok finds them, empty ones don't count
Result<std::uint16_t> parse_types(std::string_view text) {
    std::uint16_t types = 0;
    while (!text.empty()) {
        const std::string word(text.substr(0, text.find(',')));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (word.empty()) continue;
        std::size_t type = 0;
        while (type < kTypeNames.size() && strcasecmp(kTypeNames[type].data(), word.c_str()) != 0)
            ++type;
        if (type == kTypeNames.size())
            return fail(ErrorKind::BadParameter, fmt::format("Unknown DCCP type `{}'", word));
        types = static_cast<std::uint16_t>(types | bits_of(type));
    }
    return types;
}

class Dccp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option <= kDestination) {
            auto range = parse_port_range({"dccp", kOptions[use.option].name}, use.value);
            if (!range) return std::unexpected(std::move(range.error()));
            range->invert = use.inverted;
            ports_[use.option] = *range;
        } else if (use.option == kTypes) {
            const auto types = parse_types(use.value);
            if (!types) return std::unexpected(types.error());
            types_ = *types;
        } else {
            const auto number = guided::number({"dccp", "dccp-option"}, use.value, 1, 255);
            if (!number) return std::unexpected(number.error());
            option_ = static_cast<std::uint8_t>(*number);
        }
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        return {};
    }

    void save(std::string& out) const override {
        save_used_ports(out, kSource, "sport");
        save_used_ports(out, kDestination, "dport");
        if (used_[kTypes]) {
            out += invert_[kTypes] ? " ! --dccp-types " : " --dccp-types ";
            if (types_ == 0) out += "\"\""; // nothing at all, as iptables has it, would not read back
            append_types(out, false);
        }
        if (used_[kOption])
            fmt::format_to(std::back_inserter(out), "{} --dccp-option {}", invert_[kOption] ? " !" : "", option_);
    }

    void list(std::string& out, bool numeric) const override {
        out += " dccp";
        list_ports(out, "spt", ports_[kSource], "dccp", numeric);
        list_ports(out, "dpt", ports_[kDestination], "dccp", numeric);
        if (used_[kTypes]) {
            out += invert_[kTypes] ? " ! " : " ";
            append_types(out, numeric);
        }
        if (used_[kOption])
            fmt::format_to(std::back_inserter(out), " option={}{}", invert_[kOption] ? "!" : "", option_);
    }

    // dccp_mt; the walk over options is the kernel's, if what comes before it holds
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 12});
        lower_ports(out, ir::Field::SourcePort, ports_[kSource]);
        lower_ports(out, ir::Field::DestinationPort, ports_[kDestination]);
        if (used_[kTypes]) out.push_back(types_test());
        if (used_[kOption]) out.push_back(asked());
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override { return info_bytes(structure()); }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_dccp_info>(bytes);
        for (std::size_t i = 0; i < kFlags.size(); ++i) {
            used_[i] = info.flags & kFlags[i];
            invert_[i] = info.invflags & kFlags[i];
        }
        if (used_[kSource]) ports_[kSource] = {info.spts[0], info.spts[1], invert_[kSource]};
        if (used_[kDestination]) ports_[kDestination] = {info.dpts[0], info.dpts[1], invert_[kDestination]};
        types_ = info.typemask;
        option_ = info.option;
        return true;
    }

  private:
    ir::BytesTest types_test() const {
        ir::BytesTest type{.offset = 8, .mask = 0x1E, .ranges = {}, .invert = invert_[kTypes]};
        for (std::uint32_t number = 0; number < kNumbers; ++number)
            if (types_ & 1U << number) type.ranges.push_back({number << 1, number << 1});
        if (type.ranges.empty()) type.ranges.push_back({1, 1}); // which the mask leaves out: no type at all
        return type;
    }

    // As libxt_dccp.c writes it: without an option nothing.
    const xt_dccp_info& structure() const {
        auto& info = blank<xt_dccp_info>();
        for (const auto& [option, ports] : {std::pair{kSource, info.spts}, std::pair{kDestination, info.dpts}}) {
            if (!used_[option]) continue;
            ports[0] = ports_[option].low;
            ports[1] = ports_[option].high;
        }
        info.typemask = types_;
        info.option = option_;
        for (std::size_t i = 0; i < kFlags.size(); ++i) {
            if (used_[i]) info.flags |= kFlags[i];
            if (invert_[i]) info.invflags |= kFlags[i];
        }
        return info;
    }

    ir::KernelMatch asked() const {
        ir::KernelMatch match = kernel_match("dccp", 0, structure());
        match.protocol = IPPROTO_DCCP;
        return match;
    }

    // Printed wherever the option was used, also for all ports.
    void save_used_ports(std::string& out, std::size_t option, std::string_view name) const {
        if (used_[option]) save_all_ports(out, name, ports_[option]);
    }

    void append_types(std::string& out, bool numeric) const {
        std::string_view comma;
        const std::size_t end = numeric ? kNumbers : kTypeNames.size();
        for (std::size_t type = 0; type < end; ++type) {
            if (!(types_ & 1U << type)) continue;
            out += comma;
            comma = ",";
            if (numeric)
                fmt::format_to(std::back_inserter(out), "{}", type);
            else
                out += kTypeNames[type];
        }
    }

    std::array<PortRange, 2> ports_; // kSource, kDestination
    std::uint16_t types_ = 0;
    std::uint8_t option_ = 0;
    std::array<bool, 4> used_{}, invert_{};
};

std::string help(Family) {
    return "dccp match options\n"
           "[!] --source-port port[:port]                          match source port(s)\n"
           " --sport ...\n"
           "[!] --destination-port port[:port]                     match destination port(s)\n"
           " --dport ...\n"
           "[!] --dccp-types type[,...]                            match when packet is one of the given types\n"
           "[!] --dccp-option option                               match if option (by number!) is set\n";
}

} // namespace

const MatchDef dccp_match{
    .name = "dccp",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_DCCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Dccp>(); },
    .protocol = IPPROTO_DCCP,
    .structure = structure_of<xt_dccp_info>,
};

} // namespace xtbpf::extensions
