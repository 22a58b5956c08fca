// SPDX-License-Identifier: GPL-2.0-or-later
// The target `ECN`, IPv4 only (libipt_ECN.c, net/ipv4/netfilter/ipt_ECN.c). Its help tells of one option of four.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv4/ipt_ECN.h>
#include <netinet/in.h>
#include <optional>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kRemove, kCwr, kEce, kEct };

constexpr std::array kOptions{OptionDef{"ecn-tcp-remove", Argument::None}, OptionDef{"ecn-tcp-cwr"},
                              OptionDef{"ecn-tcp-ece"}, OptionDef{"ecn-ip-ect"}};

class Ecn final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        if (use.option == kRemove) {
            // instead of what was used before it, even of --ecn-ip-ect (ECN_parse)
            cwr_ = ece_ = 0;
            ect_.reset();
            return {};
        }
        const auto value = guided::number({"ECN", kOptions[use.option].name}, use.value, 0, use.option == kEct ? 3 : 1);
        if (!value) return std::unexpected(value.error());
        (use.option == kCwr ? cwr_ : use.option == kEce ? ece_ : ect_) = static_cast<std::uint8_t>(*value);
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!cwr_ && !ece_ && !ect_) return fail(ErrorKind::BadParameter, "ECN target: An operation is required");
        for (const std::size_t other : {kCwr, kEce})
            if (used_[kRemove] && used_[other])
                return guided::excluded("ECN", kOptions[kRemove].name, kOptions[other].name);
        return {};
    }

    // ecn_tg_check
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if ((cwr_ || ece_) && (rule.protocol != IPPROTO_TCP || rule.protocol_inverted))
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override {
        if (removes()) {
            out += " --ecn-tcp-remove";
            return;
        }
        const auto print = [&](std::size_t option, const std::optional<std::uint8_t>& value) {
            if (value) fmt::format_to(std::back_inserter(out), " --{} {}", kOptions[option].name, *value);
        };
        print(kEce, ece_);
        print(kCwr, cwr_);
        print(kEct, ect_);
    }

    void list(std::string& out, bool) const override {
        out += " ECN";
        if (removes()) {
            out += " TCP remove";
            return;
        }
        if (ece_) fmt::format_to(std::back_inserter(out), " ECE={}", *ece_);
        if (cwr_) fmt::format_to(std::back_inserter(out), " CWR={}", *cwr_);
        if (ect_) fmt::format_to(std::back_inserter(out), " ECT codepoint={}", *ect_);
    }

    ir::Action lower(const RuleContext&) const override {
        constexpr std::uint8_t kEcnMask = 3; // of the TOS byte
        if (!cwr_ && !ece_) return ir::HandOff{ir::TosEffect{.mask = kEcnMask, .value = *ect_}};
        ir::TcpEcnEffect effect;
        if (cwr_) effect.cwr = *cwr_ != 0;
        if (ece_) effect.ece = *ece_ != 0;
        effect.ect = ect_;
        return ir::HandOff{effect};
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<ipt_ECN_info>();
        set_bit(info.operation, IPT_ECN_OP_SET_CWR, cwr_.has_value());
        set_bit(info.operation, IPT_ECN_OP_SET_ECE, ece_.has_value());
        set_bit(info.operation, IPT_ECN_OP_SET_IP, ect_.has_value());
        info.proto.tcp.cwr = cwr_.value_or(0) & 1;
        info.proto.tcp.ece = ece_.value_or(0) & 1;
        info.ip_ect = ect_.value_or(0);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ipt_ECN_info>(bytes);
        if (info.operation & IPT_ECN_OP_SET_CWR) cwr_ = info.proto.tcp.cwr;
        if (info.operation & IPT_ECN_OP_SET_ECE) ece_ = info.proto.tcp.ece;
        if (info.operation & IPT_ECN_OP_SET_IP) ect_ = info.ip_ect;
        return cwr_ || ece_ || ect_;
    }

  private:
    bool removes() const { return cwr_ == 0 && ece_ == 0 && !ect_; }

    std::array<bool, kOptions.size()> used_{};
    std::optional<std::uint8_t> cwr_, ece_, ect_;
};

// One that --ecn-tcp-remove took back.
void clear_codepoint(Family, std::span<std::uint8_t> data) {
    if (!(info_from<ipt_ECN_info>(data).operation & IPT_ECN_OP_SET_IP))
        put_at(data, offsetof(ipt_ECN_info, ip_ect), std::uint8_t{0});
}

std::string help(Family) {
    return "ECN target options\n"
           "  --ecn-tcp-remove\t\tRemove all ECN bits from TCP header\n";
}

} // namespace

const TargetDef ecn_target{
    .name = "ECN",
    .options = kOptions,
    .ipv6 = false,
    .limits = {.table = TableId::Mangle},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Ecn>(); },
    .structure = structure_of<ipt_ECN_info, 0, clear_codepoint>,
};

} // namespace xtbpf::extensions
