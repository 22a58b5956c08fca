// SPDX-License-Identifier: GPL-2.0-or-later
// The match `realm` (libipt_realm.c, net/netfilter/xt_realm.c).
#include "frontend/extensions/name_map.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>

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
};

} // namespace xtbpf::extensions
