// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf explain
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/explain/evidence.hpp"
#include "frontend/xtbpf/explain/explanation.hpp"
#include "frontend/xtbpf/explain/live.hpp"
#include "frontend/xtbpf/explain/pcap.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace xtbpf::tool {

namespace {

namespace options = boost::program_options;

constexpr std::string_view kAbout =
    "The way of a packet through tables, chains and rules, in netfilter's order, as the rules' interpreter walks it.\n"
    "The packet comes from a pcap file or is said in words, each with its value:\n"
    "  tcp udp icmp ... (or: proto N), src, dst, sport, dport, flags SYN,ACK (or: syn ack ...), type, code, ttl, tos,\n"
    "  length, mss, fragment, mark, state (NEW ESTABLISHED RELATED INVALID UNTRACKED), status "
    "(SEEN_REPLY,ASSURED,...),\n"
    "  direction (original reply), ctmark, uid, gid, nosocket, mac, pkttype; or hex and the bytes of all of it.\n"
    "What isn't said is unknown; where a rule asks for it, or for what only the kernel knows, the answer is UNKNOWN.\n"
    "Marks: + matches, - doesn't (-v), ? unknown, ! malformed.";

struct Asked {
    std::optional<Family> family;
    std::vector<std::string> words, assume;
    Way way;
    std::string rules, pcap;
    bool live = false;
};

Result<std::vector<Packet>> captured(const Asked& asked) {
    std::ifstream file(asked.pcap, std::ios::binary);
    if (!file) return fail(ErrorKind::Refused, fmt::format("{}: {}", asked.pcap, std::strerror(errno)));
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    const auto frames = read_pcap(bytes);
    if (!frames) return fail(ErrorKind::Refused, fmt::format("{}: {}", asked.pcap, frames.error().message));
    std::vector<Packet> out;
    for (const Captured& frame : *frames) {
        const auto base = frame.trouble.empty() ? packet_of(frame) : std::nullopt;
        if (!base) {
            fmt::print(stderr, "xtbpf: {}: packet {}: {}\n", asked.pcap, frame.number,
                       frame.trouble.empty() ? "no whole IP packet" : frame.trouble);
            continue;
        }
        if (asked.family && base->family != *asked.family) continue;
        auto packet = packet_from_words(asked.words, asked.family, &*base);
        if (!packet) return std::unexpected(packet.error());
        packet->words =
            fmt::format("#{} {}{}{}", frame.number, summary(*base), packet->words.empty() ? "" : " ", packet->words);
        out.push_back(std::move(*packet));
    }
    return out;
}

Result<std::vector<Packet>> packets(const Asked& asked) {
    if (!asked.pcap.empty()) return captured(asked);
    if (asked.words.empty()) return fail(ErrorKind::BadParameter, "no packet: say one in words, or --pcap FILE");
    auto packet = packet_from_words(asked.words, asked.family, nullptr);
    if (!packet) return std::unexpected(packet.error());
    return std::vector<Packet>{std::move(*packet)};
}

Result<std::vector<Explanation>> explain_all(const Asked& asked) {
    auto said = packets(asked);
    if (!said) return std::unexpected(said.error());
    std::vector<Explanation> out;
    for (const Family family : {Family::V4, Family::V6}) {
        if (std::ranges::none_of(*said, [&](const Packet& packet) { return packet.family == family; })) continue;
        const auto rules = asked.rules.empty() ? rules_in_force(family) : rules_of_file(asked.rules, family);
        if (!rules) return std::unexpected(rules.error());
        const auto assumptions = Assumptions::parse(asked.assume, *rules);
        if (!assumptions) return std::unexpected(assumptions.error());
        AskLive live;
        if (asked.live) live = ask_loaded_programs(family);
        for (Packet& packet : *said)
            if (packet.family == family) {
                for (const auto& [device, word] : {std::pair{asked.way.in, "in"}, std::pair{asked.way.out, "out"}})
                    if (!device.empty()) packet.words += fmt::format(", {} {}", word, device);
                out.push_back(explain(std::move(packet), asked.way, *rules, *assumptions, live));
            }
    }
    return out;
}

} // namespace

int run_explain(const Arguments& arguments) {
    CommandLine line("explain [OPTION...] PACKET...", kAbout);
    line.options()("file,f", options::value<std::string>()->value_name("FILE"),
                   "the rules, as iptables-save writes them (default: those in force)")(
        "in,i", options::value<std::string>()->value_name("DEVICE"),
        "where the packet comes in; alone: it is for this host")("out,o",
                                                                 options::value<std::string>()->value_name("DEVICE"),
                                                                 "where it goes out; alone: it is this host's own")(
        "hook", options::value<std::string>()->value_name("HOOK"), "this hook only: PREROUTING, INPUT, FORWARD ...")(
        "pcap,r", options::value<std::string>()->value_name("FILE"), "the packets of a capture; words add to each")(
        "assume,a", options::value<std::vector<std::string>>()->value_name("WHAT")->composing(),
        "yes, no, WORD=yes or TABLE:CHAIN:NUMBER=yes: what is unknown else")(
        "live", "compare with what the loaded programs do")("verbose,v", "rules that don't match, too, and why")(
        "ipv4,4", "IPv4 (default: as the addresses are)")("ipv6,6", "IPv6")("json", "JSON instead of text");
    if (const auto code = line.parse(arguments, true)) return *code;
    if (line.has("ipv4") && line.has("ipv6")) return line.misused("-4 and -6 don't go together");
    Asked asked;
    if (line.has("ipv4")) asked.family = Family::V4;
    if (line.has("ipv6")) asked.family = Family::V6;
    asked.words = line.words();
    asked.assume = line.get<std::vector<std::string>>("assume").value_or(std::vector<std::string>{});
    asked.rules = line.text("file");
    asked.pcap = line.text("pcap");
    asked.live = line.has("live");
    if (asked.live && !asked.rules.empty()) return line.misused("--live is about the rules in force, not a file's");
    auto way = way_of(line.text("in"), line.text("out"), line.text("hook"));
    if (!way) return line.misused(way.error().message);
    asked.way = std::move(*way);
    const auto explained = explain_all(asked);
    if (!explained) return complain(explained.error());
    if (line.has("json")) {
        fmt::print("{}", json(*explained, line.has("verbose")));
        return kDone;
    }
    for (const Explanation& each : *explained)
        fmt::print("{}{}", &each == explained->data() ? "" : "\n", text(each, line.has("verbose")));
    return kDone;
}

} // namespace xtbpf::tool
