// SPDX-License-Identifier: GPL-2.0-or-later
// The target `NETMAP` (libipt_NETMAP.c, libip6t_NETMAP.c, net/netfilter/xt_NETMAP.c): the network changes, the host stays.
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/nat_structure.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <bit>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/nf_nat.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"to"}};

class Netmap final : public Target {
  public:
    explicit Netmap(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        const auto to = parse_host_mask(family_, {"NETMAP", "to"}, use.value);
        if (!to) return std::unexpected(to.error());
        to_ = *to;
        for (std::size_t i = 0; i < to_->host.size(); ++i)
            to_->host[i] &= to_->mask[i];
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!to_) return guided::missing("NETMAP", "to");
        return {};
    }

    void save(std::string& out) const override { append(out, " --to "); }
    void list(std::string& out, bool) const override { append(out, " to:"); }

    // netmap_tg4, netmap_tg6: source or destination goes by the hook
    ir::Action lower(const RuleContext&) const override {
        ir::NatEffect effect{.kind = ir::NatEffect::Kind::Network, .flags = NF_NAT_RANGE_NETMAP};
        effect.addresses = addresses();
        return ir::HandOff{effect};
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& range = blank<nf_nat_range2>();
        range.flags = NF_NAT_RANGE_MAP_IPS;
        const ir::NatEffect::Addresses to = addresses();
        put_words(range.min_addr.all, to.low);
        put_words(range.max_addr.all, to.high);
        return nat_bytes(ir::NatEffect::Kind::Network, family_, range);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto range = nat_range_from(ir::NatEffect::Kind::Network, family_, bytes);
        if (!range) return false;
        to_ = HostMask{.host = words_in(range->min_addr.all), .mask = words_in(range->max_addr.all)};
        for (std::size_t i = 0; i < to_->mask.size(); ++i)
            to_->mask[i] = ~(to_->mask[i] ^ to_->host[i]);
        if (family_ == Family::V4) to_->mask[1] = to_->mask[2] = to_->mask[3] = 0;
        return true;
    }

  private:
    ir::NatEffect::Addresses addresses() const {
        ir::NatEffect::Addresses range{to_->host, to_->host};
        for (std::size_t i = 0; i < (family_ == Family::V4 ? 1 : to_->mask.size()); ++i)
            range.high[i] |= ~to_->mask[i];
        return range;
    }

    // Unlike elsewhere a full mask has its prefix length, too (NETMAP_print).
    void append(std::string& out, std::string_view before) const {
        std::string mask = mask_text(family_, to_->mask);
        if (mask.empty()) mask = family_ == Family::V4 ? "/32" : "/128";
        fmt::format_to(std::back_inserter(out), "{}{}{}", before, host_text(family_, to_->host), mask);
    }

    Family family_;
    std::optional<HostMask> to_;
};

std::string help(Family) {
    return "NETMAP target options:\n"
           "  --to address[/mask]\n"
           "\t\t\t\tNetwork address to map to.\n"
           "\n";
}

} // namespace

const TargetDef netmap_target{
    .name = "NETMAP",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting) |
                        hook_bit(Hook::Input),
               .table = TableId::Nat},
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Target> { return std::make_unique<Netmap>(family); },
    .structure = [](Family family) { return nat_structure(ir::NatEffect::Kind::Network, family); },
};

} // namespace xtbpf::extensions
