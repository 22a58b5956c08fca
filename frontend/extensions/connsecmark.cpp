// SPDX-License-Identifier: GPL-2.0-or-later
// The target `CONNSECMARK` (libxt_CONNSECMARK.c, net/netfilter/xt_CONNSECMARK.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_CONNSECMARK.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kSave, kRestore };

constexpr std::array kOptions{OptionDef{"save", Argument::None}, OptionDef{"restore", Argument::None}};

constexpr std::uint8_t kSaves = CONNSECMARK_SAVE, kRestores = CONNSECMARK_RESTORE;

class Connsecmark final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        (use.option == kSave ? save_ : restore_) = true;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (save_ && restore_) return guided::excluded("CONNSECMARK", "save", "restore");
        if (!save_ && !restore_) return fail(ErrorKind::BadParameter, "CONNSECMARK target: parameter required");
        return {};
    }

    // connsecmark_tg_check
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if (rule.table != TableId::Mangle && rule.table != TableId::Security)
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override { out += save_ ? " --save" : " --restore"; }
    void list(std::string& out, bool) const override { out += save_ ? " CONNSECMARK save" : " CONNSECMARK restore"; }

    ir::Action lower(const RuleContext&) const override { return ir::HandOff{ir::SecurityMarkEffect{save_}}; }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_connsecmark_target_info{.mode = save_ ? kSaves : kRestores});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const std::uint8_t mode = info_from<xt_connsecmark_target_info>(bytes).mode;
        save_ = mode == kSaves;
        restore_ = mode == kRestores;
        return save_ || restore_;
    }

  private:
    bool save_ = false, restore_ = false;
};

std::string help(Family) {
    return "CONNSECMARK target options:\n"
           "  --save                   Copy security mark from packet to conntrack\n"
           "  --restore                Copy security mark from connection to packet\n";
}

} // namespace

const TargetDef connsecmark_target{
    .name = "CONNSECMARK",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Connsecmark>(); },
    .structure = structure_of<xt_connsecmark_target_info>,
};

} // namespace xtbpf::extensions
