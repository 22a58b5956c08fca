// SPDX-License-Identifier: GPL-2.0-or-later
// The target `RATEEST` (libxt_RATEEST.c, net/netfilter/xt_RATEEST.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_RATEEST.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kName, kInterval, kEwmaLog };

constexpr std::array kOptions{OptionDef{"rateest-name"}, OptionDef{"rateest-interval"}, OptionDef{"rateest-ewmalog"}};

constexpr std::uint32_t kSecond = 1000000; // times are in microseconds

struct Unit {
    const char* name;
    double factor;
};
constexpr std::array kUnits{Unit{"s", kSecond},
                            Unit{"sec", kSecond},
                            Unit{"secs", kSecond},
                            Unit{"ms", kSecond / 1e3},
                            Unit{"msec", kSecond / 1e3},
                            Unit{"msecs", kSecond / 1e3},
                            Unit{"us", 1},
                            Unit{"usec", 1},
                            Unit{"usecs", 1}};

// RATEEST_get_time
std::optional<std::uint32_t> parse_time(std::string_view text) {
    const std::string copy(text);
    char* end = nullptr;
    double time = std::strtod(copy.c_str(), &end);
    if (end == copy.c_str()) return std::nullopt;
    if (*end != '\0') {
        const Unit* found = nullptr;
        for (const Unit& unit : kUnits)
            if (strcasecmp(end, unit.name) == 0) found = &unit;
        if (!found) return std::nullopt;
        time *= found->factor;
    }
    constexpr double kLargest = 1e18; // beyond it, the numbers of C's conversion have no meaning
    if (!(std::fabs(time) < kLargest)) return 0;
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(time));
}

// RATEEST_print_time
void append_time(std::string& out, std::uint32_t time) {
    if (time >= kSecond)
        fmt::format_to(std::back_inserter(out), " {:.1f}s", time / double{kSecond});
    else if (time >= kSecond / 1000)
        fmt::format_to(std::back_inserter(out), " {:.1f}ms", time / (kSecond / 1e3));
    else
        fmt::format_to(std::back_inserter(out), " {}us", time);
}

class Rateest final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kName) {
            name_ = use.value.substr(0, sizeof xt_rateest_target_info::name - 1);
            return {};
        }
        const auto time = parse_time(use.value);
        if (!time)
            return fail(ErrorKind::BadParameter,
                        fmt::format("RATEEST: bad {} value \"{}\"", use.option == kInterval ? "interval" : "ewmalog",
                                    use.value));
        (use.option == kInterval ? interval_ : average_) = *time;
        return {};
    }

    // RATEEST_final_check: the shortest interval of the kernel's that is not shorter, the constant nearest to the time
    Result<void> finish(const RuleContext&) override {
        while (steps_ <= kMostSteps && interval_ > interval(steps_))
            ++steps_;
        if (steps_ > kMostSteps) return fail(ErrorKind::BadParameter, "RATEEST: interval value is too large");
        unsigned log = 1;
        for (; log < 32; ++log) {
            const double weight = 1.0 - 1.0 / static_cast<double>(std::int64_t{1} << log);
            if (interval_ / -std::log(weight) > average_) break;
        }
        log_ = log - 1;
        if (log_ == 0 || log_ >= 31) return fail(ErrorKind::BadParameter, "RATEEST: ewmalog value is out of range");
        if (!name_) return guided::missing("RATEEST", kOptions[kName].name);
        return {};
    }

    void save(std::string& out) const override {
        out += " --rateest-name";
        append_word(out, *name_);
        append_times(out, "--rateest-");
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " name {}", *name_);
        append_times(out, "");
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_rateest_target_info>();
        name_->copy(info.name, sizeof info.name - 1);
        info.interval = static_cast<std::int8_t>(static_cast<int>(steps_) - 2);
        info.ewma_log = static_cast<std::uint8_t>(log_);
        return kernel_target("RATEEST", 0, info, ir::touched(ir::Touch::Kernel));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_rateest_target_info>(bytes);
        name_ = text_in(info.name);
        if (!name_ || info.interval < -2 || info.interval + 2 > static_cast<int>(kMostSteps) || info.ewma_log >= 31)
            return false;
        steps_ = static_cast<unsigned>(info.interval + 2);
        log_ = info.ewma_log;
        return true;
    }

  private:
    static constexpr unsigned kMostSteps = 5;

    static constexpr std::uint32_t interval(unsigned steps) { return (kSecond / 4) << steps; }

    void append_times(std::string& out, std::string_view dashes) const {
        fmt::format_to(std::back_inserter(out), " {}interval", dashes);
        append_time(out, interval(steps_));
        fmt::format_to(std::back_inserter(out), " {}ewmalog", dashes);
        append_time(out, interval(steps_) << log_); // what is too long for 32 bits is cut off, as iptables does
    }

    std::optional<std::string> name_;
    std::uint32_t interval_ = 0, average_ = 0; // as written
    unsigned steps_ = 0, log_ = 0;             // 250 ms << steps; the weight is 2^-log
};

std::string help(Family) {
    return "RATEEST target options:\n"
           "  --rateest-name name\t\tRate estimator name\n"
           "  --rateest-interval sec\tRate measurement interval in seconds\n"
           "  --rateest-ewmalog value\tRate measurement averaging time constant\n";
}

} // namespace

const TargetDef rateest_target{
    .name = "RATEEST",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Rateest>(); },
    .structure = structure_up_to<xt_rateest_target_info, 0, offsetof(xt_rateest_target_info, est)>,
};

} // namespace xtbpf::extensions
