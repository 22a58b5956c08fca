// SPDX-License-Identifier: GPL-2.0-or-later
// The target `IDLETIMER`, revision 1 (libxt_IDLETIMER.c, net/netfilter/xt_IDLETIMER.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_IDLETIMER.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kTimeout, kLabel, kAlarm };

constexpr std::array kOptions{OptionDef{"timeout"}, OptionDef{"label"}, OptionDef{"alarm", Argument::None}};

class Idletimer final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kAlarm) {
            alarm_ = true;
        } else if (use.option == kLabel) {
            label_ = use.value.substr(0, MAX_IDLETIMER_LABEL_SIZE - 1);
        } else {
            const auto timeout = guided::number({"IDLETIMER", "timeout"}, use.value, 0, ~0U);
            if (!timeout) return std::unexpected(timeout.error());
            timeout_ = *timeout;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!timeout_) return guided::missing("IDLETIMER", "timeout");
        if (!label_) return guided::missing("IDLETIMER", "label");
        return {};
    }

    // idletimer_tg_helper; idletimer_check_sysfs_name: the label becomes a file of /sys/class/xt_idletimer/timers
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        constexpr std::uint32_t kTooLong = std::numeric_limits<std::int32_t>::max() / 1000;
        const bool name = !label_->empty() && label_->find('/') == label_->npos && *label_ != "power" &&
                          *label_ != "subsystem" && *label_ != "uevent";
        if (name && *timeout_ != 0 && *timeout_ < kTooLong) return {};
        return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), " --timeout {} --label", *timeout_);
        append_word(out, *label_);
        if (alarm_) out += " --alarm";
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " timeout:{} label:{}{}", *timeout_, *label_, alarm_ ? " alarm" : "");
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<idletimer_tg_info_v1>();
        info.timeout = *timeout_;
        label_->copy(info.label, sizeof info.label - 1);
        info.timer_type = alarm_ ? XT_IDLETIMER_ALARM : 0;
        return kernel_target("IDLETIMER", 1, info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<idletimer_tg_info_v1>(bytes);
        label_ = text_in(info.label);
        timeout_ = info.timeout;
        alarm_ = info.timer_type == XT_IDLETIMER_ALARM;
        return label_.has_value();
    }

  private:
    std::optional<std::uint32_t> timeout_;
    std::optional<std::string> label_;
    bool alarm_ = false;
};

std::string help(Family) {
    return "IDLETIMER target options:\n"
           " --timeout time\tTimeout until the notification is sent (in seconds)\n"
           " --label string\tUnique rule identifier\n"
           " --alarm\tUse alarm instead of default timer\n"
           "\n";
}

} // namespace

const TargetDef idletimer_target{
    .name = "IDLETIMER",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Idletimer>(); },
    .structure = structure_up_to<idletimer_tg_info_v1, 1, offsetof(idletimer_tg_info_v1, timer)>,
};

} // namespace xtbpf::extensions
