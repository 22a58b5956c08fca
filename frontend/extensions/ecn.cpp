// SPDX-License-Identifier: GPL-2.0-or-later
// The match `ecn` (libxt_ecn.c, net/netfilter/xt_ecn.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/header_bytes.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_ecn.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kCwr, kEce, kEct };

constexpr std::array kOptions{OptionDef{"ecn-tcp-cwr", Argument::None, true},
                              OptionDef{"ecn-tcp-ece", Argument::None, true},
                              OptionDef{"ecn-ip-ect", Argument::Required, true}};

constexpr std::array<std::uint8_t, kOptions.size()> kBits{XT_ECN_OP_MATCH_CWR, XT_ECN_OP_MATCH_ECE, XT_ECN_OP_MATCH_IP};

class Ecn final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kEct) {
            const auto ect = guided::number({"ecn", "ecn-ip-ect"}, use.value, 0, 3);
            if (!ect) return std::unexpected(ect.error());
            ect_ = static_cast<std::uint8_t>(*ect);
        }
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!used_[kCwr] && !used_[kEce] && !used_[kEct])
            return fail(ErrorKind::BadParameter, "ECN match: some option required");
        return {};
    }

    // ecn_mt_check4, ecn_mt_check6
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if ((used_[kCwr] || used_[kEce]) && (rule.protocol != IPPROTO_TCP || rule.protocol_inverted))
            return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        if (used_[kEce]) out += invert_[kEce] ? " ! --ecn-tcp-ece" : " --ecn-tcp-ece";
        if (used_[kCwr]) out += invert_[kCwr] ? " ! --ecn-tcp-cwr" : " --ecn-tcp-cwr";
        if (used_[kEct]) fmt::format_to(std::back_inserter(out), "{} --ecn-ip-ect {}", invert_[kEct] ? " !" : "", ect_);
    }

    void list(std::string& out, bool) const override {
        out += " ECN match";
        if (used_[kEce]) out += invert_[kEce] ? " !ECE" : " ECE";
        if (used_[kCwr]) out += invert_[kCwr] ? " !CWR" : " CWR";
        if (used_[kEct]) fmt::format_to(std::back_inserter(out), " {}ECT={}", invert_[kEct] ? "!" : "", ect_);
    }

    // ecn_mt4, ecn_mt6: of any fragment the bytes where a TCP header would be
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        constexpr std::uint8_t kEcn = 3, kCwrFlag = 0x80, kEceFlag = 0x40; // of the TOS byte, of TCP's 14th
        if (used_[kEct])
            out.push_back(ir::FieldTest{
                .field = ir::Field::Tos, .mask = kEcn, .ranges = {{ect_, ect_}}, .invert = invert_[kEct]});
        if (!used_[kEce] && !used_[kCwr]) return;
        out.push_back(bytes_here({}, 20, ir::Else::False));
        if (used_[kEce]) out.push_back(byte_is({}, 13, 0, !invert_[kEce], kEceFlag));
        if (used_[kCwr]) out.push_back(byte_is({}, 13, 0, !invert_[kCwr], kCwrFlag));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_ecn_info>();
        for (std::size_t i = 0; i < kBits.size(); ++i) {
            set_bit(info.operation, kBits[i], used_[i]);
            set_bit(info.invert, kBits[i], used_[i] && invert_[i]);
        }
        info.ip_ect = ect_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_ecn_info>(bytes);
        for (std::size_t i = 0; i < kBits.size(); ++i) {
            used_[i] = info.operation & kBits[i];
            invert_[i] = info.invert & kBits[i];
        }
        ect_ = info.ip_ect;
        return true;
    }

  private:
    std::uint8_t ect_ = 0;
    std::array<bool, kOptions.size()> used_{}, invert_{};
};

std::string help(Family) {
    return "ECN match options\n"
           "[!] --ecn-tcp-cwr \t\tMatch CWR bit of TCP header\n"
           "[!] --ecn-tcp-ece\t\tMatch ECE bit of TCP header\n"
           "[!] --ecn-ip-ect [0..3]\tMatch ECN codepoint in IPv4/IPv6 header\n";
}

} // namespace

const MatchDef ecn_match{
    .name = "ecn",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Ecn>(); },
    .structure = structure_of<xt_ecn_info>,
};

} // namespace xtbpf::extensions
