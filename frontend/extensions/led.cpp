// SPDX-License-Identifier: GPL-2.0-or-later
// The target `LED` (libxt_LED.c, net/netfilter/xt_LED.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_LED.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kId, kDelay, kBlink };

constexpr std::array kOptions{OptionDef{"led-trigger-id"}, OptionDef{"led-delay"},
                              OptionDef{"led-always-blink", Argument::None}};

constexpr std::string_view kPrefix = "netfilter-"; // of the name of the LED's trigger
constexpr std::size_t kLongestId = sizeof xt_led_info::id - 1 - kPrefix.size();
constexpr std::uint32_t kForever = ~0U;

class Led final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kId:
            if (use.value.size() > kLongestId)
                return fail(ErrorKind::BadParameter,
                            fmt::format("Argument must have a maximum length of {} characters\n", kLongestId));
            id_ = use.value;
            return {};
        case kDelay: return take_delay(use.value);
        default: blink_ = true; return {};
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (!id_) return guided::missing("LED", "led-trigger-id");
        return {};
    }

    // Where the delay is "inf", libxt_LED.c writes -1, which it doesn't read; its help has the word.
    void save(std::string& out) const override {
        out += " --led-trigger-id ";
        append_id(out);
        if (delay_ == kForever)
            out += " --led-delay inf";
        else if (delay_ != 0)
            fmt::format_to(std::back_inserter(out), " --led-delay {}", delay_);
        if (blink_) out += " --led-always-blink";
    }

    void list(std::string& out, bool) const override {
        out += " led-trigger-id:";
        append_id(out);
        if (delay_ == kForever)
            out += " led-delay:inf";
        else
            fmt::format_to(std::back_inserter(out), " led-delay:{}ms", delay_);
        if (blink_) out += " led-always-blink";
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_led_info>();
        const std::size_t prefix = kPrefix.copy(info.id, kPrefix.size());
        id_->copy(info.id + prefix, kLongestId);
        info.always_blink = blink_;
        info.delay = delay_;
        return kernel_target("LED", 0, info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_led_info>(bytes);
        const auto name = text_in(info.id);
        if (!name || !name->starts_with(kPrefix)) return false;
        id_ = name->substr(kPrefix.size());
        delay_ = info.delay;
        blink_ = info.always_blink;
        return true;
    }

  private:
    Result<void> take_delay(std::string_view text) {
        if (strncasecmp(std::string(text).c_str(), "inf", 3) == 0) {
            delay_ = kForever;
            return {};
        }
        const auto delay = parse_number(text, 0, kForever);
        if (!delay)
            return fail(ErrorKind::BadParameter, fmt::format("Delay value must be within range 0..{}", kForever));
        delay_ = static_cast<std::uint32_t>(*delay);
        return {};
    }

    void append_id(std::string& out) const {
        out += '"';
        for (const char c : *id_) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }

    std::optional<std::string> id_;
    std::uint32_t delay_ = 0; // milliseconds
    bool blink_ = false;
};

std::string help(Family) {
    return "LED target options:\n"
           "--led-trigger-id name           suffix for led trigger name\n"
           "--led-delay ms                  leave the LED on for this number of\n"
           "                                milliseconds after triggering.\n"
           "--led-always-blink              blink on arriving packets, even if\n"
           "                                the LED is already on.\n";
}

} // namespace

const TargetDef led_target{
    .name = "LED",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Led>(); },
    .structure = structure_up_to<xt_led_info, 0, offsetof(xt_led_info, internal_data)>,
};

} // namespace xtbpf::extensions
