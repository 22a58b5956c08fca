// SPDX-License-Identifier: GPL-2.0-or-later
// The match `sctp` (libxt_sctp.c, net/netfilter/xt_sctp.c): one of the old extensions that check their options themselves.
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/ports.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/sctp_chunks.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSource, kDestination, kChunks };

constexpr std::array kOptions{
    OptionDef{"source-port", Argument::Required, true, true},
    OptionDef{"destination-port", Argument::Required, true, true},
    OptionDef{"chunk-types", Argument::Two, true, true},
    OptionDef{"sport", Argument::Required, true, true, "source-port"},
    OptionDef{"dport", Argument::Required, true, true, "destination-port"},
};

constexpr std::array<std::uint32_t, 3> kFlags{SctpInfo::SourcePorts, SctpInfo::DestinationPorts, SctpInfo::ChunkTypes};

// parse_sctp_ports
Result<PortRange> parse_ports(std::string_view text, bool invert) {
    PortRange range{.invert = invert};
    const std::size_t colon = text.find(':');
    const auto bound = [](std::string_view word, std::uint16_t& port) -> Result<void> {
        const auto parsed = parse_port(word, "sctp");
        if (!parsed) return std::unexpected(parsed.error());
        port = *parsed;
        return {};
    };
    if (const std::string_view low = text.substr(0, colon); !low.empty() || colon == text.npos)
        if (auto done = bound(low, range.low); !done) return std::unexpected(done.error());
    if (colon == text.npos) {
        range.high = range.low;
        return range;
    }
    if (const std::string_view high = text.substr(colon + 1); !high.empty())
        if (auto done = bound(high, range.high); !done) return std::unexpected(done.error());
    if (range.low > range.high) return fail(ErrorKind::BadParameter, "invalid portrange (min > max)");
    return range;
}

class Sctp final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (used_[use.option])
            return fail(ErrorKind::BadParameter, fmt::format("Only one `--{}' allowed", kOptions[use.option].name));
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        if (use.option == kChunks) {
            if (!use.second) return fail(ErrorKind::BadParameter, "--chunk-types requires two args");
            auto chunks = parse_sctp_chunks(use.value, *use.second);
            if (!chunks) return std::unexpected(std::move(chunks.error()));
            chunks_ = *chunks;
            return {};
        }
        auto range = parse_ports(use.value, use.inverted);
        if (!range) return std::unexpected(std::move(range.error()));
        ports_[use.option] = *range;
        return {};
    }

    void save(std::string& out) const override {
        save_used_ports(out, kSource, "sport");
        save_used_ports(out, kDestination, "dport");
        if (!used_[kChunks]) return;
        out += invert_[kChunks] ? " ! --chunk-types" : " --chunk-types";
        append_sctp_chunks(out, chunks_, false);
    }

    void list(std::string& out, bool numeric) const override {
        out += " sctp";
        list_ports(out, "spt", ports_[kSource], "sctp", numeric);
        list_ports(out, "dpt", ports_[kDestination], "sctp", numeric);
        if (!used_[kChunks]) return;
        if (invert_[kChunks]) out += " !";
        append_sctp_chunks(out, chunks_, numeric);
    }

    // sctp_mt; the walk over chunks is the kernel's, if what comes before it holds
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 12});
        lower_ports(out, ir::Field::SourcePort, ports_[kSource]);
        lower_ports(out, ir::Field::DestinationPort, ports_[kDestination]);
        if (used_[kChunks]) out.push_back(asked());
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override { return info_bytes(structure()); }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<SctpInfo>(bytes);
        for (std::size_t i = 0; i < kFlags.size(); ++i) {
            used_[i] = info.flags & kFlags[i];
            invert_[i] = info.inverted_flags & kFlags[i];
        }
        if (used_[kSource]) ports_[kSource] = {info.source_ports[0], info.source_ports[1], invert_[kSource]};
        if (used_[kDestination])
            ports_[kDestination] = {info.destination_ports[0], info.destination_ports[1], invert_[kDestination]};
        chunks_.types = info.types;
        chunks_.how = info.how;
        chunks_.chunk_flags = info.chunk_flags;
        chunks_.chunk_flag_count = info.chunk_flag_count;
        return sctp_flags_are_valid(chunks_);
    }

  private:
    // As libxt_sctp.c writes it: without an option nothing.
    SctpInfo structure() const {
        SctpInfo info = chunks_;
        for (const auto& [option, ports] :
             {std::pair{kSource, info.source_ports}, std::pair{kDestination, info.destination_ports}}) {
            if (!used_[option]) continue;
            ports[0] = ports_[option].low;
            ports[1] = ports_[option].high;
        }
        for (std::size_t i = 0; i < kFlags.size(); ++i) {
            if (used_[i]) info.flags |= kFlags[i];
            if (invert_[i]) info.inverted_flags |= kFlags[i];
        }
        return info;
    }

    ir::KernelMatch asked() const {
        ir::KernelMatch match = kernel_match("sctp", 0, structure());
        match.protocol = IPPROTO_SCTP;
        return match;
    }

    // Printed wherever the option was used, also for all ports.
    void save_used_ports(std::string& out, std::size_t option, std::string_view name) const {
        if (used_[option]) save_all_ports(out, name, ports_[option]);
    }

    std::array<PortRange, 2> ports_;     // kSource, kDestination
    SctpInfo chunks_ = no_sctp_chunks(); // its chunk part only
    std::array<bool, 3> used_{}, invert_{};
};

std::string help(Family) {
    return "sctp match options\n"
           "[!] --source-port port[:port]                          match source port(s)\n"
           " --sport ...\n"
           "[!] --destination-port port[:port]                     match destination port(s)\n"
           " --dport ...\n"
           "[!] --chunk-types (all|any|none) (chunktype[:flags])+\tmatch if all, any or none of\n"
           "\t\t\t\t\t\t        chunktypes are present\n"
           "chunktypes - DATA INIT INIT_ACK SACK HEARTBEAT HEARTBEAT_ACK ABORT SHUTDOWN SHUTDOWN_ACK ERROR COOKIE_ECHO "
           "COOKIE_ACK ECN_ECNE ECN_CWR SHUTDOWN_COMPLETE ASCONF ASCONF_ACK FORWARD_TSN ALL NONE\n";
}

} // namespace

const MatchDef sctp_match{
    .name = "sctp",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_SCTP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Sctp>(); },
    .protocol = IPPROTO_SCTP,
    .structure = structure_of<SctpInfo>,
};

} // namespace xtbpf::extensions
