// SPDX-License-Identifier: GPL-2.0-or-later
// The target `TCPOPTSTRIP` (libxt_TCPOPTSTRIP.c, net/netfilter/xt_TCPOPTSTRIP.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <fmt/format.h>
#include <linux/netfilter/xt_TCPOPTSTRIP.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"strip-options"}};

struct Kind {
    std::string_view name, description;
    std::uint8_t number; // RFC 9293, 7323, 2018, 2385
};
constexpr std::array kKinds{Kind{"wscale", "Window scale", 3},           Kind{"mss", "Maximum Segment Size", 2},
                            Kind{"sack-permitted", "SACK permitted", 4}, Kind{"sack", "Selective ACK", 5},
                            Kind{"timestamp", "Timestamp", 8},           Kind{"md5", "MD5 signature", 19}};

class Tcpoptstrip final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        std::string_view rest = use.value;
        for (bool more = true; more;) {
            const std::size_t comma = rest.find(',');
            more = comma != rest.npos;
            if (auto done = add(rest.substr(0, comma)); !done) return done;
            if (more) rest.remove_prefix(comma + 1);
        }
        return {};
    }

    void save(std::string& out) const override {
        if (kinds_.any()) print(out += " --strip-options ", true);
    }

    void list(std::string& out, bool numeric) const override {
        if (kinds_.any()) print(out += " TCPOPTSTRIP options ", numeric);
    }

    // nf_tables strips the first option of a kind only, and drops what is malformed: the kernel's own target it is.
    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_tcpoptstrip_target_info>();
        for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
            if (kinds_[kind]) info.strip_bmap[kind / 32] |= 1U << kind % 32; // tcpoptstrip_set_bit
        // tcpoptstrip_mangle_packet drops what is cut short
        return tied_target("TCPOPTSTRIP", 0, info, ir::touched(ir::Touch::Transport, ir::Touch::Payload),
                           ir::After::Waits, IPPROTO_TCP);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_tcpoptstrip_target_info>(bytes);
        for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
            kinds_[kind] = info.strip_bmap[kind / 32] >> kind % 32 & 1U;
        return true;
    }

  private:
    Result<void> add(std::string_view word) {
        const auto* named = std::ranges::find(kKinds, word, &Kind::name);
        const auto number = named != kKinds.end() ? named->number : parse_number(word, 0, 255);
        if (!number) return fail(ErrorKind::BadParameter, fmt::format("Bad TCP option value \"{}\"", word));
        if (*number < 2) return fail(ErrorKind::BadParameter, "Option value may not be 0 or 1");
        if (kinds_[*number]) return fail(ErrorKind::BadParameter, fmt::format("Option \"{}\" already specified", word));
        kinds_.set(*number);
        return {};
    }

    void print(std::string& out, bool numeric) const {
        std::string_view comma;
        for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
            if (!kinds_[kind]) continue;
            out += comma;
            comma = ",";
            const auto* named = std::ranges::find(kKinds, kind, &Kind::number);
            if (!numeric && named != kKinds.end())
                out += named->name;
            else
                out += std::to_string(kind);
        }
    }

    std::bitset<256> kinds_;
};

std::string help(Family) {
    std::string out = "TCPOPTSTRIP target options:\n"
                      "  --strip-options value     strip specified TCP options denoted by value\n"
                      "                            (separated by comma) from TCP header\n"
                      "  Instead of the numeric value, you can also use the following names:\n";
    for (const Kind& kind : kKinds)
        out += fmt::format("    {:<14}    strip \"{}\" option\n", kind.name, kind.description);
    return out;
}

} // namespace

const TargetDef tcpoptstrip_target{
    .name = "TCPOPTSTRIP",
    .options = kOptions,
    .limits = {.table = TableId::Mangle, .protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Tcpoptstrip>(); },
    .structure = structure_of<xt_tcpoptstrip_target_info>,
};

} // namespace xtbpf::extensions
