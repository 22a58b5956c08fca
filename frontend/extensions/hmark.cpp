// SPDX-License-Identifier: GPL-2.0-or-later
// The target `HMARK` (libxt_HMARK.c, net/netfilter/xt_HMARK.c). The options, in iptables' order, are numbered as the kernel's
// XT_HMARK_* flags.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_HMARK.h>

namespace xtbpf::extensions {

namespace {

constexpr std::size_t kTuple = XT_HMARK_CT; // the place of the one option that is no flag by itself

constexpr std::array kOptions{
    OptionDef{"hmark-src-prefix"}, OptionDef{"hmark-dst-prefix"}, OptionDef{"hmark-spi"},
    OptionDef{"hmark-spi-mask"},   OptionDef{"hmark-sport"},      OptionDef{"hmark-dport"},
    OptionDef{"hmark-sport-mask"}, OptionDef{"hmark-dport-mask"}, OptionDef{"hmark-proto-mask"},
    OptionDef{"hmark-rnd"},        OptionDef{"hmark-mod"},        OptionDef{"hmark-offset"},
    OptionDef{"hmark-tuple"},
};

struct Part {
    std::string_view name;
    unsigned flag;
};
// In the order in which a name that is cut short is looked for (hmark_parse).
constexpr std::array kParts{
    Part{"ct", XT_HMARK_CT},
    Part{"src", XT_HMARK_SADDR_MASK},
    Part{"dst", XT_HMARK_DADDR_MASK},
    Part{"sport", XT_HMARK_SPORT_MASK},
    Part{"dport", XT_HMARK_DPORT_MASK},
    Part{"proto", XT_HMARK_PROTO_MASK},
    Part{"spi", XT_HMARK_SPI_MASK},
};

class Hmark final : public Target {
  public:
    explicit Hmark(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        const std::string_view name = kOptions[use.option].name;
        if (use.option == kTuple) return take_tuple(use.value);
        if (has(static_cast<unsigned>(use.option))) return guided::error("HMARK", name, "can only be used once.");
        flags_ |= 1U << use.option;
        const guided::Names names{"HMARK", name};
        if (use.option <= XT_HMARK_DADDR_MASK) {
            const auto mask = parse_mask(family_, names, use.value);
            if (!mask) return std::unexpected(mask.error());
            // libxtables knows a mask by its length, and one that is no prefix as a full one (xtopt_parse_plenmask)
            prefixes_[use.option] = prefix_length(family_, *mask) ? *mask : full_mask();
            return {};
        }
        const auto number = guided::number(names, use.value, use.option == XT_HMARK_MODULUS ? 1 : 0,
                                           is_port(use.option) ? 0xffff : ~0U);
        if (!number) return std::unexpected(number.error());
        numbers_[use.option] = *number;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        const auto bad = [](const char* message) { return fail(ErrorKind::BadParameter, message); };
        if (!has(XT_HMARK_MODULUS)) return bad("--hmark-mod is mandatory");
        if (!has(XT_HMARK_RND)) return bad("--hmark-rnd is mandatory");
        if (has(XT_HMARK_SPI_MASK) && (has(XT_HMARK_SPORT_MASK) || has(XT_HMARK_DPORT_MASK)))
            return bad("you cannot use --hmark-spi-mask and --hmark-?port-mask,at the same time");
        constexpr unsigned kNoPart =
            XT_HMARK_FLAG(XT_HMARK_MODULUS) | XT_HMARK_FLAG(XT_HMARK_RND) | XT_HMARK_FLAG(XT_HMARK_OFFSET);
        if ((flags_ & ~kNoPart) == 0) return bad("you have to specify --hmark-tuple at least");
        return {};
    }

    // hmark_tg_check
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (has(XT_HMARK_SPI) && (has(XT_HMARK_SPORT) || has(XT_HMARK_DPORT)))
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override {
        const auto put = [&](unsigned option, std::string_view value) {
            if (has(option)) fmt::format_to(std::back_inserter(out), " --{} {}", kOptions[option].name, value);
        };
        const auto hexadecimal = [&](unsigned option, int digits) {
            put(option, fmt::format("0x{:0{}x}", numbers_[option], digits));
        };
        const auto decimal = [&](unsigned option, std::uint32_t number) { put(option, std::to_string(number)); };
        for (const unsigned option : {XT_HMARK_SADDR_MASK, XT_HMARK_DADDR_MASK})
            decimal(option, prefix_length(family_, prefixes_[option]).value_or(0));
        hexadecimal(XT_HMARK_SPORT_MASK, 4);
        hexadecimal(XT_HMARK_DPORT_MASK, 4);
        hexadecimal(XT_HMARK_SPI_MASK, 8);
        hexadecimal(XT_HMARK_SPORT, 4);
        hexadecimal(XT_HMARK_DPORT, 4);
        hexadecimal(XT_HMARK_SPI, 8);
        hexadecimal(XT_HMARK_PROTO_MASK, 2);
        hexadecimal(XT_HMARK_RND, 8);
        decimal(XT_HMARK_MODULUS, numbers_[XT_HMARK_MODULUS]);
        decimal(XT_HMARK_OFFSET, numbers_[XT_HMARK_OFFSET]);
        put(XT_HMARK_CT, "ct"); // of a tuple only this has no option of its own
    }

    void list(std::string& out, bool) const override {
        const auto put = [&](unsigned option, std::string_view title) {
            if (has(option)) fmt::format_to(std::back_inserter(out), "{} 0x{:x} ", title, numbers_[option]);
        };
        out += " HMARK ";
        if (has(XT_HMARK_MODULUS)) fmt::format_to(std::back_inserter(out), "mod {} ", numbers_[XT_HMARK_MODULUS]);
        put(XT_HMARK_OFFSET, "+");
        if (has(XT_HMARK_CT)) out += "ct, ";
        list_prefix(out, XT_HMARK_SADDR_MASK, "src-prefix");
        list_prefix(out, XT_HMARK_DADDR_MASK, "dst-prefix");
        put(XT_HMARK_SPORT_MASK, "sport-mask");
        put(XT_HMARK_DPORT_MASK, "dport-mask");
        put(XT_HMARK_SPI_MASK, "spi-mask");
        put(XT_HMARK_SPORT, "sport");
        put(XT_HMARK_DPORT, "dport");
        put(XT_HMARK_SPI, "spi");
        put(XT_HMARK_PROTO_MASK, "proto-mask");
        put(XT_HMARK_RND, "rnd");
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_hmark_info>();
        put_mask(info.src_mask.all, family_, prefixes_[XT_HMARK_SADDR_MASK]);
        put_mask(info.dst_mask.all, family_, prefixes_[XT_HMARK_DADDR_MASK]);
        info.port_mask = ports(XT_HMARK_SPORT_MASK, XT_HMARK_DPORT_MASK, XT_HMARK_SPI_MASK);
        info.port_set = ports(XT_HMARK_SPORT, XT_HMARK_DPORT, XT_HMARK_SPI);
        info.flags = flags_;
        info.proto_mask = static_cast<std::uint16_t>(numbers_[XT_HMARK_PROTO_MASK]);
        info.hashrnd = numbers_[XT_HMARK_RND];
        info.hmodulus = numbers_[XT_HMARK_MODULUS];
        info.hoffset = numbers_[XT_HMARK_OFFSET];
        return kernel_target("HMARK", 0, info, ir::touched(ir::Touch::Mark));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_hmark_info>(bytes);
        prefixes_ = {words_in(info.src_mask.all), words_in(info.dst_mask.all)};
        for (const unsigned option : {XT_HMARK_SADDR_MASK, XT_HMARK_DADDR_MASK}) {
            if (family_ == Family::V4) prefixes_[option] = {prefixes_[option][0]};
            if (!prefix_length(family_, prefixes_[option])) return false;
        }
        flags_ = info.flags;
        take_ports(info.port_mask, XT_HMARK_SPORT_MASK, XT_HMARK_DPORT_MASK, XT_HMARK_SPI_MASK);
        take_ports(info.port_set, XT_HMARK_SPORT, XT_HMARK_DPORT, XT_HMARK_SPI);
        numbers_[XT_HMARK_PROTO_MASK] = info.proto_mask;
        numbers_[XT_HMARK_RND] = info.hashrnd;
        numbers_[XT_HMARK_MODULUS] = info.hmodulus;
        numbers_[XT_HMARK_OFFSET] = info.hoffset;
        return true;
    }

  private:
    ir::Words full_mask() const { return family_ == Family::V4 ? ir::Words{~0U} : ir::Words{~0U, ~0U, ~0U, ~0U}; }

    bool has(unsigned flag) const { return (flags_ >> flag & 1U) != 0; }

    static bool is_port(std::size_t option) {
        return option >= XT_HMARK_SPORT && option <= XT_HMARK_PROTO_MASK; // the protocol's mask has 16 bits too
    }

    // A part of a tuple stands for its mask, all ones.
    Result<void> take_tuple(std::string_view list) {
        for (;;) {
            const std::size_t comma = list.find(',');
            const std::string_view word = list.substr(0, comma);
            if (comma == list.npos && word.empty())
                return fail(ErrorKind::BadParameter, "\"--hmark-tuple\" requires a list of types with no spaces, "
                                                     "e.g. src,dst,sport,dport,proto");
            const Part* found = nullptr;
            for (const Part& part : kParts)
                if (!found && !word.empty() && begins_with(part.name, word)) found = &part;
            if (!found) return fail(ErrorKind::BadParameter, fmt::format("Bad type \"{}\"", list));
            flags_ |= 1U << found->flag;
            if (found->flag <= XT_HMARK_DADDR_MASK)
                prefixes_[found->flag] = full_mask();
            else
                numbers_[found->flag] = is_port(found->flag) ? 0xffff : ~0U;
            if (comma == list.npos) return {};
            list.remove_prefix(comma + 1);
        }
    }

    // For a full IPv6 mask libxt_HMARK.c prints what lies behind an empty text: as a rule nothing.
    void list_prefix(std::string& out, unsigned option, std::string_view title) const {
        if (!has(option)) return;
        const std::uint32_t length = *prefix_length(family_, prefixes_[option]);
        fmt::format_to(std::back_inserter(out), "{} {} ", title, length == 128 ? "" : std::to_string(length));
    }

    // Two ports, or, as the kernel's union has it, one SPI over both.
    hmark_ports ports(unsigned source, unsigned destination, unsigned spi) const {
        auto ports = hmark_ports();
        if (has(spi)) ports.b32 = htonl(numbers_[spi]);
        if (has(source)) ports.b16.src = htons(static_cast<std::uint16_t>(numbers_[source]));
        if (has(destination)) ports.b16.dst = htons(static_cast<std::uint16_t>(numbers_[destination]));
        return ports;
    }

    void take_ports(const hmark_ports& ports, unsigned source, unsigned destination, unsigned spi) {
        numbers_[spi] = ntohl(ports.b32);
        numbers_[source] = ntohs(ports.b16.src);
        numbers_[destination] = ntohs(ports.b16.dst);
    }

    Family family_;
    std::uint32_t flags_ = 0;
    std::array<ir::Words, 2> prefixes_{};
    std::array<std::uint32_t, kOptions.size()> numbers_{};
};

std::string help(Family) {
    return "HMARK target options, i.e. modify hash calculation by:\n"
           "  --hmark-tuple [src|dst|sport|dport|spi|proto|ct][,...]\n"
           "  --hmark-mod value\t\t    nfmark modulus value\n"
           "  --hmark-offset value\t\t    Last action add value to nfmark\n"
           "\n"
           "  --hmark-rnd\t\t\t    Random see for hashing\n"
           " Alternatively, fine tuning of what will be included in hash calculation\n"
           "  --hmark-src-prefix length\t    Source address mask CIDR prefix\n"
           "  --hmark-dst-prefix length\t    Dest address mask CIDR prefix\n"
           "  --hmark-sport-mask value\t    Mask src port with value\n"
           "  --hmark-dport-mask value\t    Mask dst port with value\n"
           "  --hmark-spi-mask value\t    For esp and ah AND spi with value\n"
           "  --hmark-sport value\t\t    OR src port with value\n"
           "  --hmark-dport value\t\t    OR dst port with value\n"
           "  --hmark-spi value\t\t    For esp and ah OR spi with value\n"
           "  --hmark-proto-mask value\t    Mask Protocol with value\n";
}

} // namespace

const TargetDef hmark_target{
    .name = "HMARK",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<Hmark>(family); },
    .structure = structure_of<xt_hmark_info, 0, clear_behind_ipv4<offsetof(xt_hmark_info, src_mask), 2>>,
};

} // namespace xtbpf::extensions
