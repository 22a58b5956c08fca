// SPDX-License-Identifier: GPL-2.0-or-later
// The match `connlimit`, revision 1 (libxt_connlimit.c, net/netfilter/xt_connlimit.c). The kernel counts connections.
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <arpa/inet.h>
#include <array>
#include <bit>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_connlimit.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kUpto, kAbove, kMask, kSource, kDestination };

constexpr std::array kOptions{
    OptionDef{"connlimit-upto", Argument::Required, true},
    OptionDef{"connlimit-above", Argument::Required, true},
    OptionDef{"connlimit-mask"},
    OptionDef{"connlimit-saddr", Argument::None},
    OptionDef{"connlimit-daddr", Argument::None},
};

constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();

class ConnLimit final : public Match {
  public:
    explicit ConnLimit(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        if (use.option == kMask) {
            const auto mask = parse_mask(family_, {"connlimit", "connlimit-mask"}, use.value);
            if (!mask) return std::unexpected(mask.error());
            mask_ = *mask;
        } else if (use.option <= kAbove) {
            const auto limit = guided::number({"connlimit", kOptions[use.option].name}, use.value, 0, kMax);
            if (!limit) return std::unexpected(limit.error());
            limit_ = *limit;
            upto_ = (use.option == kUpto) != use.inverted;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!used_[kUpto] && !used_[kAbove])
            return fail(ErrorKind::BadParameter, "You must specify \"--connlimit-above\" or \"--connlimit-upto\".");
        if (used_[kUpto] && used_[kAbove]) return guided::excluded("connlimit", "connlimit-upto", "connlimit-above");
        if (used_[kSource] && used_[kDestination])
            return guided::excluded("connlimit", "connlimit-saddr", "connlimit-daddr");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --connlimit-{} {} --connlimit-mask {} --connlimit-{}addr",
                       upto_ ? "upto" : "above", limit_, mask_bits(), used_[kDestination] ? 'd' : 's');
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " #conn {}/{} {} {}", used_[kDestination] ? "dst" : "src", mask_bits(),
                       upto_ ? "<=" : ">", limit_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_connlimit_info>();
        put_mask(info.mask.all, family_, mask_);
        info.limit = limit_;
        if (upto_) info.flags |= XT_CONNLIMIT_INVERT;
        if (used_[kDestination]) info.flags |= XT_CONNLIMIT_DADDR;
        out.push_back(kernel_match("connlimit", 1, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_connlimit_info>(bytes);
        mask_ = words_in(info.mask.all);
        limit_ = info.limit;
        upto_ = info.flags & XT_CONNLIMIT_INVERT;
        used_[kDestination] = info.flags & XT_CONNLIMIT_DADDR;
        return true;
    }

  private:
    // count_bits4, count_bits6: as many as stay when each word's zeros are counted from its last one on
    std::uint32_t mask_bits() const {
        std::uint32_t bits = 0;
        for (std::size_t word = 0; word < (family_ == Family::V4 ? 1 : 4); ++word)
            bits += static_cast<std::uint32_t>(std::countl_one(mask_[word]));
        return bits;
    }

    Family family_;
    std::array<bool, kOptions.size()> used_{};
    ir::Words mask_{kMax, kMax, kMax, kMax};
    std::uint32_t limit_ = 0;
    bool upto_ = false;
};

std::string help(Family) {
    return "connlimit match options:\n"
           "  --connlimit-upto n     match if the number of existing connections is 0..n\n"
           "  --connlimit-above n    match if the number of existing connections is >n\n"
           "  --connlimit-mask n     group hosts using prefix length (default: max len)\n"
           "  --connlimit-saddr      select source address for grouping\n"
           "  --connlimit-daddr      select destination addresses for grouping\n";
}

} // namespace

const MatchDef connlimit_match{
    .name = "connlimit",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<ConnLimit>(family); },
    .structure = structure_up_to<xt_connlimit_info, 1, offsetof(xt_connlimit_info, data),
                                 clear_behind_ipv4<offsetof(xt_connlimit_info, mask), 1>>,
};

} // namespace xtbpf::extensions
