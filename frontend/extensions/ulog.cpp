// SPDX-License-Identifier: GPL-2.0-or-later
// The target `ULOG` (libipt_ULOG.c), which left Linux with version 3.17.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kGroup, kRange, kThreshold, kPrefix };

constexpr std::array kOptions{OptionDef{"ulog-nlgroup"}, OptionDef{"ulog-cprange"}, OptionDef{"ulog-qthreshold"},
                              OptionDef{"ulog-prefix"}};
constexpr std::uint32_t kMostGroups = 32, kLongestQueue = 50; // ULOG_MAX_QLEN
constexpr std::size_t kLongestPrefix = 31;                    // ULOG_PREFIX_LEN with the final zero

class Ulog final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        const std::string_view name = kOptions[use.option].name;
        if (use.option == kRange) {
            constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
            const auto range = parse_number(use.value, 0, kMax);
            if (!range)
                return fail(ErrorKind::BadParameter,
                            fmt::format("ULOG: bad value for option \"--{}\", or out of range (0-{}).\n", name, kMax));
            range_ = *range;
            return {};
        }
        if (use.option == kPrefix) {
            if (use.value.empty())
                return fail(ErrorKind::BadParameter, "Argument must have a minimum length of 1 characters\n");
            if (use.value.find('\n') != use.value.npos)
                return fail(ErrorKind::BadParameter, "Newlines not allowed in --ulog-prefix");
            prefix_ = std::string(use.value.substr(0, kLongestPrefix));
            return {};
        }
        const bool group = use.option == kGroup;
        const auto number = guided::number({"ULOG", name}, use.value, 1, group ? kMostGroups : kLongestQueue);
        if (!number) return std::unexpected(number.error());
        (group ? group_ : threshold_) = *number;
        return {};
    }

    void save(std::string& out) const override {
        if (!prefix_.empty()) {
            out += " --ulog-prefix";
            append_quoted(out, prefix_);
        }
        if (group_ != 1) fmt::format_to(std::back_inserter(out), " --ulog-nlgroup {}", group_);
        if (range_ != 0) fmt::format_to(std::back_inserter(out), " --ulog-cprange {}", range_);
        if (threshold_ != 1) fmt::format_to(std::back_inserter(out), " --ulog-qthreshold {}", threshold_);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " ULOG copy_range {} nlgroup {}", range_, group_);
        if (!prefix_.empty()) fmt::format_to(std::back_inserter(out), " prefix \"{}\"", prefix_);
        fmt::format_to(std::back_inserter(out), " queue_threshold {}", threshold_);
    }

    ir::Action lower(const RuleContext&) const override { return ir::Drop{}; } // never in force: `absent`

  private:
    std::uint32_t group_ = 1, threshold_ = 1;
    std::uint64_t range_ = 0;
    std::string prefix_;
};

std::string help(Family) {
    return "ULOG target options:\n"
           " --ulog-nlgroup nlgroup\t\tNETLINK group used for logging\n"
           " --ulog-cprange size\t\tBytes of each packet to be passed\n"
           " --ulog-qthreshold\t\tThreshold of in-kernel queue\n"
           " --ulog-prefix prefix\t\tPrefix log messages with this prefix.\n";
}

} // namespace

const TargetDef ulog_target{
    .name = "ULOG",
    .options = kOptions,
    .ipv6 = false,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Ulog>(); },
    .absent = true,
};

} // namespace xtbpf::extensions
