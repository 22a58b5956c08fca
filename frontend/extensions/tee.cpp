// SPDX-License-Identifier: GPL-2.0-or-later
// The target `TEE`, revision 1 (libxt_TEE.c, net/netfilter/xt_TEE.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_TEE.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kGateway, kDevice };

constexpr std::array kOptions{OptionDef{"gateway"}, OptionDef{"oif"}};

class Tee final : public Target {
  public:
    explicit Tee(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        if (use.option == kDevice) {
            device_ = use.value.substr(0, sizeof xt_tee_tginfo::oif - 1);
            return {};
        }
        const auto gateway = parse_host(family_, use.value);
        if (!gateway) return std::unexpected(gateway.error());
        gateway_ = *gateway;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!gateway_) return guided::missing("TEE", "gateway");
        return {};
    }

    // tee_tg_check
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (*gateway_ != ir::Words{}) return {};
        return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --gateway {}", host_text(family_, *gateway_));
        if (device_.empty()) return;
        out += " --oif";
        append_word(out, device_);
    }

    void list(std::string& out, bool numeric) const override {
        fmt::format_to(std::back_inserter(out), " TEE gw:{}",
                       numeric ? host_text(family_, *gateway_) : host_name(family_, *gateway_));
        if (!device_.empty()) fmt::format_to(std::back_inserter(out), " oif={}", device_);
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_tee_tginfo>();
        for (std::size_t i = 0; i < gateway_->size(); ++i)
            info.gw.all[i] = htonl((*gateway_)[i]);
        device_.copy(info.oif, sizeof info.oif - 1);
        return kernel_target("TEE", 1, info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_tee_tginfo>(bytes);
        const auto device = text_in(info.oif);
        if (!device) return false;
        gateway_ = words_in(info.gw.all);
        device_ = *device;
        return true;
    }

  private:
    Family family_;
    std::optional<ir::Words> gateway_;
    std::string device_;
};

std::string help(Family) {
    return "TEE target options:\n"
           "  --gateway IPADDR    Route packet via the gateway given by address\n"
           "  --oif NAME          Include oif in route calculation\n"
           "\n";
}

} // namespace

const TargetDef tee_target{
    .name = "TEE",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<Tee>(family); },
    .structure = structure_up_to<xt_tee_tginfo, 1, offsetof(xt_tee_tginfo, priv)>,
};

} // namespace xtbpf::extensions
