// SPDX-License-Identifier: GPL-2.0-or-later
// The match `tcp` (libxt_tcp.c, net/netfilter/xt_tcpudp.c): one of the old extensions that check their options themselves.
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSourcePort, kDestinationPort, kSyn, kTcpFlags, kTcpOption };

constexpr std::array kOptions{
    OptionDef{"source-port", Argument::Required, true, true},
    OptionDef{"destination-port", Argument::Required, true, true},
    OptionDef{"syn", Argument::None, true, true},
    OptionDef{"tcp-flags", Argument::Two, true, true},
    OptionDef{"tcp-option", Argument::Required, true, true},
    OptionDef{"sport", Argument::Required, true, true, "source-port"},
    OptionDef{"dport", Argument::Required, true, true, "destination-port"},
};

struct Flag {
    std::string_view name;
    std::uint8_t bit;
};
constexpr std::array kFlags{Flag{"FIN", 1}, Flag{"SYN", 2},  Flag{"RST", 4},
                            Flag{"PSH", 8}, Flag{"ACK", 16}, Flag{"URG", 32}};
constexpr std::uint8_t kAllFlags = 0x3F, kSynMask = 0x17, kSynBit = 0x02;

bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// parse_tcp_flag; words as strtok finds them: empty ones don't count
Result<std::uint8_t> parse_flags(std::string_view text) {
    std::uint8_t flags = 0;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (word.empty() || same_word(word, "NONE")) continue;
        std::uint8_t bits = same_word(word, "ALL") ? kAllFlags : 0;
        for (const Flag& flag : kFlags)
            if (same_word(word, flag.name)) bits = flag.bit;
        if (bits == 0) return fail(ErrorKind::BadParameter, fmt::format("Unknown TCP flag `{}'", word));
        flags |= bits;
    }
    return flags;
}

void append_flags(std::string& out, std::uint8_t flags) {
    if (flags == 0) out += "NONE";
    std::string_view comma;
    for (const Flag& flag : kFlags) {
        if (!(flags & flag.bit)) continue;
        out += comma;
        out += flag.name;
        comma = ",";
    }
}

// parse_tcp_ports
Result<PortRange> parse_ports(std::string_view text, bool invert) {
    PortRange range{.invert = invert};
    const std::size_t colon = text.find(':');
    const std::string_view low = text.substr(0, colon);
    if (!low.empty() || colon == text.npos) {
        const auto port = parse_port(low, "tcp");
        if (!port) return std::unexpected(port.error());
        range.low = *port;
        if (colon == text.npos) range.high = *port;
    }
    if (colon == text.npos) return range;
    if (const std::string_view high = text.substr(colon + 1); !high.empty()) {
        const auto port = parse_port(high, "tcp");
        if (!port) return std::unexpected(port.error());
        range.high = *port;
    }
    if (range.low > range.high) return fail(ErrorKind::BadParameter, "invalid portrange (min > max)");
    return range;
}

class Tcp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kSourcePort: return take_ports(use, sources_, have_sources_, "source-port");
        case kDestinationPort: return take_ports(use, destinations_, have_destinations_, "destination-port");
        case kSyn:
        case kTcpFlags: return take_flags(use);
        default: return take_tcp_option(use);
        }
    }

    void save(std::string& out) const override {
        save_ports(out, "sport", sources_);
        save_ports(out, "dport", destinations_);
        if (option_) fmt::format_to(std::back_inserter(out), "{} --tcp-option {}", not_option_ ? " !" : "", option_);
        if (mask_ == 0 && !not_flags_) return;
        out += not_flags_ ? " ! --tcp-flags " : " --tcp-flags ";
        append_flags(out, mask_);
        out += ' ';
        append_flags(out, flags_);
    }

    void list(std::string& out, bool numeric) const override {
        out += " tcp";
        list_ports(out, "spt", sources_, "tcp", numeric);
        list_ports(out, "dpt", destinations_, "tcp", numeric);
        if (option_) fmt::format_to(std::back_inserter(out), " option={}{}", not_option_ ? "!" : "", option_);
        if (mask_ == 0 && !not_flags_) return;
        out += not_flags_ ? " flags:!" : " flags:";
        if (numeric) {
            fmt::format_to(std::back_inserter(out), "0x{:02X}/0x{:02X}", mask_, flags_);
        } else {
            append_flags(out, mask_);
            out += '/';
            append_flags(out, flags_);
        }
    }

    // tcp_mt
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 20, .drop_offset_one = true});
        lower_ports(out, ir::Field::SourcePort, sources_);
        lower_ports(out, ir::Field::DestinationPort, destinations_);
        // with mask and flags empty the comparison always holds; flags outside the mask never do
        if (mask_ != 0 || flags_ != 0 || not_flags_)
            out.push_back(ir::FieldTest{
                .field = ir::Field::TcpFlags, .mask = mask_, .ranges = {{flags_, flags_}}, .invert = not_flags_});
        if (option_) out.push_back(ir::TcpOptionTest{.kind = option_, .invert = not_option_});
    }

    bool asks_syn() const override { return (flags_ & kSynBit) != 0 && !not_flags_; }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        xt_tcp info{.spts = {sources_.low, sources_.high},
                    .dpts = {destinations_.low, destinations_.high},
                    .option = option_,
                    .flg_mask = mask_,
                    .flg_cmp = flags_,
                    .invflags = 0};
        set_bit(info.invflags, XT_TCP_INV_SRCPT, sources_.invert);
        set_bit(info.invflags, XT_TCP_INV_DSTPT, destinations_.invert);
        set_bit(info.invflags, XT_TCP_INV_FLAGS, not_flags_);
        set_bit(info.invflags, XT_TCP_INV_OPTION, not_option_);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_tcp>(bytes);
        sources_ = {info.spts[0], info.spts[1], (info.invflags & XT_TCP_INV_SRCPT) != 0};
        destinations_ = {info.dpts[0], info.dpts[1], (info.invflags & XT_TCP_INV_DSTPT) != 0};
        option_ = info.option;
        mask_ = info.flg_mask;
        flags_ = info.flg_cmp;
        not_flags_ = info.invflags & XT_TCP_INV_FLAGS;
        not_option_ = info.invflags & XT_TCP_INV_OPTION;
        return true;
    }

  private:
    Result<void> take_ports(const OptionUse& use, PortRange& into, bool& seen, std::string_view name) {
        if (seen) return fail(ErrorKind::BadParameter, fmt::format("Only one `--{}' allowed", name));
        auto range = parse_ports(use.value, use.inverted);
        if (!range) return std::unexpected(std::move(range.error()));
        into = *range;
        seen = true;
        return {};
    }

    Result<void> take_flags(const OptionUse& use) {
        if (have_flags_) return fail(ErrorKind::BadParameter, "Only one of `--syn' or `--tcp-flags'  allowed");
        have_flags_ = true;
        not_flags_ = use.inverted;
        if (use.option == kSyn) {
            mask_ = kSynMask;
            flags_ = kSynBit;
            return {};
        }
        if (!use.second) return fail(ErrorKind::BadParameter, "--tcp-flags requires two args.");
        const auto mask = parse_flags(use.value);
        if (!mask) return std::unexpected(mask.error());
        const auto flags = parse_flags(*use.second);
        if (!flags) return std::unexpected(flags.error());
        mask_ = *mask;
        flags_ = *flags;
        return {};
    }

    Result<void> take_tcp_option(const OptionUse& use) {
        if (option_) return fail(ErrorKind::BadParameter, "Only one `--tcp-option' allowed");
        const auto kind = parse_number(use.value, 1, 255);
        if (!kind) return fail(ErrorKind::BadParameter, fmt::format("Bad TCP option \"{}\"", use.value));
        option_ = static_cast<std::uint8_t>(*kind);
        not_option_ = use.inverted;
        return {};
    }

    PortRange sources_, destinations_;
    bool have_sources_ = false, have_destinations_ = false, have_flags_ = false, not_flags_ = false,
         not_option_ = false;
    std::uint8_t mask_ = 0, flags_ = 0;
    std::uint8_t option_ = 0; // 0: none
};

std::string help(Family) {
    return "tcp match options:\n"
           "[!] --tcp-flags mask comp\tmatch when TCP flags & mask == comp\n"
           "\t\t\t\t(Flags: SYN ACK FIN RST URG PSH ALL NONE)\n"
           "[!] --syn\t\t\tmatch when only SYN flag set\n"
           "\t\t\t\t(equivalent to --tcp-flags SYN,RST,ACK,FIN SYN)\n"
           "[!] --source-port port[:port]\n"
           " --sport ...\n"
           "\t\t\t\tmatch source port(s)\n"
           "[!] --destination-port port[:port]\n"
           " --dport ...\n"
           "\t\t\t\tmatch destination port(s)\n"
           "[!] --tcp-option number        match if TCP option set\n";
}

} // namespace

const MatchDef tcp_match{
    .name = "tcp",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Tcp>(); },
    .protocol = IPPROTO_TCP,
    .structure = structure_of<xt_tcp>,
};

} // namespace xtbpf::extensions
