// SPDX-License-Identifier: GPL-2.0-or-later
// The match `devgroup` (libxt_devgroup.c, net/netfilter/xt_devgroup.c).
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/name_map.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_devgroup.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSource, kDestination };

constexpr std::array kOptions{OptionDef{"src-group", Argument::Required, true},
                              OptionDef{"dst-group", Argument::Required, true}};

constexpr std::uint32_t kHooksWithIn = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward);
constexpr std::uint32_t kHooksWithOut = hook_bit(Hook::Forward) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);

class DeviceGroup final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto group = device_group_names().parse({"devgroup", kOptions[use.option].name}, use.value);
        if (!group) return std::unexpected(group.error());
        groups_[use.option] = *group;
        invert_[use.option] = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (groups_[kSource] || groups_[kDestination]) return {};
        return fail(ErrorKind::BadParameter, "devgroup match: You must specify either '--src-group' or '--dst-group'");
    }

    // devgroup_mt_checkentry
    Result<void> check(const RuleContext&, std::uint32_t hooks) const override {
        if (groups_[kSource] && (hooks & ~kHooksWithIn)) return invalid_argument();
        if (groups_[kDestination] && (hooks & ~kHooksWithOut)) return invalid_argument();
        return {};
    }

    void save(std::string& out) const override { append(out, "--", false); }
    void list(std::string& out, bool numeric) const override { append(out, "", numeric); }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        constexpr std::array kFields{ir::Field::InGroup, ir::Field::OutGroup};
        for (const std::size_t side : {kSource, kDestination})
            if (const auto& group = groups_[side])
                out.push_back(ir::FieldTest{.field = kFields[side],
                                            .mask = group->mask,
                                            .ranges = {{group->value & group->mask, group->value & group->mask}},
                                            .invert = invert_[side]});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_devgroup_info>();
        if (const auto& group = groups_[kSource]) {
            info.src_group = group->value;
            info.src_mask = group->mask;
            set_bit(info.flags, XT_DEVGROUP_MATCH_SRC, true);
            set_bit(info.flags, XT_DEVGROUP_INVERT_SRC, invert_[kSource]);
        }
        if (const auto& group = groups_[kDestination]) {
            info.dst_group = group->value;
            info.dst_mask = group->mask;
            set_bit(info.flags, XT_DEVGROUP_MATCH_DST, true);
            set_bit(info.flags, XT_DEVGROUP_INVERT_DST, invert_[kDestination]);
        }
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_devgroup_info>(bytes);
        if (info.flags & XT_DEVGROUP_MATCH_SRC) groups_[kSource] = guided::Masked{info.src_group, info.src_mask};
        if (info.flags & XT_DEVGROUP_MATCH_DST) groups_[kDestination] = guided::Masked{info.dst_group, info.dst_mask};
        invert_ = {(info.flags & XT_DEVGROUP_INVERT_SRC) != 0, (info.flags & XT_DEVGROUP_INVERT_DST) != 0};
        return true;
    }

  private:
    void append(std::string& out, std::string_view dashes, bool numeric) const {
        for (const std::size_t side : {kSource, kDestination}) {
            if (!groups_[side]) continue;
            out += invert_[side] ? " ! " : " ";
            out += dashes;
            out += kOptions[side].name;
            device_group_names().append(out, *groups_[side], numeric);
        }
    }

    std::array<std::optional<guided::Masked>, 2> groups_;
    std::array<bool, 2> invert_{};
};

std::string help(Family) {
    return "devgroup match options:\n"
           "[!] --src-group value[/mask]\tMatch device group of incoming device\n"
           "[!] --dst-group value[/mask]\tMatch device group of outgoing device\n";
}

} // namespace

const MatchDef devgroup_match{
    .name = "devgroup",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<DeviceGroup>(); },
    .structure = structure_of<xt_devgroup_info>,
};

} // namespace xtbpf::extensions
