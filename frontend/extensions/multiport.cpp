// SPDX-License-Identifier: GPL-2.0-or-later
// The match `multiport`, revision 1 (libxt_multiport.c, net/netfilter/xt_multiport.c).
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_multiport.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSources, kDestinations, kEither };

constexpr std::array kOptions{
    OptionDef{"source-ports", Argument::Required, true},
    OptionDef{"destination-ports", Argument::Required, true},
    OptionDef{"ports", Argument::Required, true},
    OptionDef{"sports", Argument::Required, true, false, "source-ports"},
    OptionDef{"dports", Argument::Required, true, false, "destination-ports"},
};
constexpr std::array<std::string_view, 3> kShortNames{"sports", "dports", "ports"};

constexpr std::size_t kPlaces = 15; // XT_MULTI_PORTS: a range takes two

constexpr std::string_view protocol_name(std::uint16_t protocol) {
    switch (protocol) {
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_UDPLITE: return "udplite";
    case IPPROTO_SCTP: return "sctp";
    case IPPROTO_DCCP: return "dccp";
    default: return "";
    }
}

class Multiport final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (const auto checked = check_protocol(use.rule); !checked) return checked;
        used_[use.option] = true;
        invert_ = use.inverted;
        which_ = use.option;
        return parse(use.value);
    }

    Result<void> finish(const RuleContext&) override {
        constexpr std::array kPairs{std::array{kSources, kDestinations}, std::array{kSources, kEither},
                                    std::array{kDestinations, kEither}};
        if (!used_[kSources] && !used_[kDestinations] && !used_[kEither])
            return fail(ErrorKind::BadParameter, "multiport expection an option");
        for (const auto& [one, other] : kPairs)
            if (used_[one] && used_[other])
                return guided::excluded("multiport", kOptions[one].name, kOptions[other].name);
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --{} ", invert_ ? " !" : "", kShortNames[which_]);
        append(out, true);
    }

    void list(std::string& out, bool numeric) const override {
        fmt::format_to(std::back_inserter(out), " multiport {} {}", kShortNames[which_], invert_ ? " !" : "");
        append(out, numeric);
    }

    // multiport_mt: both ports must be here
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 4});
        ir::FieldTest test{.field = which_ == kDestinations ? ir::Field::DestinationPort : ir::Field::SourcePort,
                           .ranges = {}};
        for (const PortRange& range : ranges_)
            test.ranges.push_back({range.low, range.high});
        if (which_ != kEither) {
            test.invert = invert_;
            out.push_back(std::move(test));
            return;
        }
        ir::AnyOf any{.tests = {test, test}, .invert = invert_};
        any.tests[1].field = ir::Field::DestinationPort;
        out.push_back(std::move(any));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        constexpr std::array<std::uint8_t, 3> kFlags{XT_MULTIPORT_SOURCE, XT_MULTIPORT_DESTINATION,
                                                     XT_MULTIPORT_EITHER};
        auto& info = blank<xt_multiport_v1>();
        info.flags = kFlags[which_];
        info.invert = invert_;
        for (const PortRange& range : ranges_) {
            info.ports[info.count] = range.low;
            if (range.high != range.low) {
                info.pflags[info.count++] = 1;
                info.ports[info.count] = range.high;
            }
            ++info.count;
        }
        return info_bytes(info);
    }

    bool decode(const RuleContext& rule, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_multiport_v1>(bytes);
        if (info.count == 0 || info.count > kPlaces || info.flags > XT_MULTIPORT_EITHER) return false;
        protocol_ = protocol_name(rule.protocol);
        which_ = info.flags == XT_MULTIPORT_SOURCE        ? kSources
                 : info.flags == XT_MULTIPORT_DESTINATION ? kDestinations
                                                          : kEither;
        invert_ = info.invert;
        for (std::size_t i = 0; i < info.count; ++i) {
            PortRange& range = ranges_.emplace_back(PortRange{info.ports[i], info.ports[i]});
            if (info.pflags[i] && i + 1 < info.count) range.high = info.ports[++i];
        }
        return true;
    }

  private:
    Result<void> check_protocol(const RuleContext& rule) {
        protocol_ = protocol_name(rule.protocol);
        if (!rule.protocol_inverted && !protocol_.empty()) return {};
        if (!rule.protocol_inverted && rule.protocol == 0)
            return fail(ErrorKind::BadParameter,
                        "multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
        return fail(ErrorKind::BadParameter, "multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP");
    }

    // parse_multi_ports_v1
    Result<void> parse(std::string_view text) {
        ranges_.clear();
        for (std::size_t places = 0;;) {
            const std::string_view word = text.substr(0, text.find(','));
            const std::size_t colon = word.find(':');
            if (places >= kPlaces || (colon != word.npos && places == kPlaces - 1))
                return fail(ErrorKind::BadParameter, "too many ports specified");
            const auto low = parse_port(word.substr(0, colon), protocol_);
            if (!low) return std::unexpected(low.error());
            const auto high = colon == word.npos ? low : parse_port(word.substr(colon + 1), protocol_);
            if (!high) return std::unexpected(high.error());
            if (colon != word.npos && *low >= *high)
                return fail(ErrorKind::BadParameter, "invalid portrange specified");
            ranges_.push_back({*low, *high});
            places += colon == word.npos ? 1 : 2;
            if (word.size() == text.size()) return {};
            text.remove_prefix(word.size() + 1);
        }
    }

    void append(std::string& out, bool numeric) const {
        std::string_view comma;
        for (const PortRange& range : ranges_) {
            out += comma;
            comma = ",";
            append_port(out, range.low, protocol_, numeric);
            if (range.low == range.high) continue;
            out += ':';
            append_port(out, range.high, protocol_, numeric);
        }
    }

    std::array<bool, 3> used_{};
    std::size_t which_ = kSources;
    bool invert_ = false;
    std::string_view protocol_; // names of services depend on it
    std::vector<PortRange> ranges_;
};

std::string help(Family) {
    return "multiport match options:\n"
           "[!] --source-ports port[,port:port,port...]\n"
           " --sports ...\n"
           "\t\t\t\tmatch source port(s)\n"
           "[!] --destination-ports port[,port:port,port...]\n"
           " --dports ...\n"
           "\t\t\t\tmatch destination port(s)\n"
           "[!] --ports port[,port:port,port]\n"
           "\t\t\t\tmatch both source and destination port(s)\n";
}

} // namespace

const MatchDef multiport_match{
    .name = "multiport",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Multiport>(); },
    .structure = structure_of<xt_multiport_v1, 1>,
};

} // namespace xtbpf::extensions
