// SPDX-License-Identifier: GPL-2.0-or-later
// The match `realm` (libipt_realm.c, net/netfilter/xt_realm.c).
#include "frontend/extensions/name_map.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_realm.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"realm", Argument::Required, true}};

class Realm final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto realm = realm_names().parse({"realm", "realm"}, use.value);
        if (!realm) return std::unexpected(realm.error());
        realm_ = *realm;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!realm_) return guided::missing("realm", "realm");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --realm" : " --realm";
        realm_names().append(out, *realm_, false);
    }

    void list(std::string& out, bool numeric) const override {
        out += invert_ ? " ! realm" : " realm";
        realm_names().append(out, *realm_, numeric);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::FieldTest{.field = ir::Field::Realm,
                                    .mask = realm_->mask,
                                    .ranges = {{realm_->value, realm_->value}},
                                    .invert = invert_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_realm_info>();
        info.id = realm_->value;
        info.mask = realm_->mask;
        info.invert = invert_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_realm_info>(bytes);
        realm_ = guided::Masked{info.id, info.mask};
        invert_ = info.invert;
        return true;
    }

  private:
    std::optional<guided::Masked> realm_;
    bool invert_ = false;
};

std::string help(Family) {
    return "realm match options:\n"
           "[!] --realm value[/mask]\n"
           "\t\t\t\tMatch realm\n";
}

} // namespace

const MatchDef realm_match{
    .name = "realm",
    .options = kOptions,
    .ipv6 = false,
    .limits = {.hooks = hook_bit(Hook::Postrouting) | hook_bit(Hook::Forward) | hook_bit(Hook::Output) |
                        hook_bit(Hook::Input)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Realm>(); },
    .structure = structure_of<xt_realm_info>,
};

} // namespace xtbpf::extensions
