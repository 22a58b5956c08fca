// SPDX-License-Identifier: GPL-2.0-or-later
// The target `NFQUEUE`, revision 3 (libxt_NFQUEUE.c, net/netfilter/xt_NFQUEUE.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_NFQUEUE.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kNum, kBalance, kBypass, kCpuFanout };

constexpr std::array kOptions{OptionDef{"queue-num"}, OptionDef{"queue-balance"},
                              OptionDef{"queue-bypass", Argument::None}, OptionDef{"queue-cpu-fanout", Argument::None}};
constexpr std::uint32_t kMaxQueue = 0xFFFF;

class Nfqueue final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_ |= 1U << use.option;
        switch (use.option) {
        case kNum: {
            const auto number = guided::number({"NFQUEUE", "queue-num"}, use.value, 0, kMaxQueue);
            if (!number) return std::unexpected(number.error());
            info_.queuenum = static_cast<std::uint16_t>(*number);
            return {};
        }
        case kBalance: return balance(use.value);
        case kBypass: info_.flags |= NFQ_FLAG_BYPASS; return {};
        default: info_.flags |= NFQ_FLAG_CPU_FANOUT; return {};
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (used(kNum) && used(kBalance)) return guided::excluded("NFQUEUE", "queue-num", "queue-balance");
        if (used(kCpuFanout) && !used(kBalance)) return guided::also("NFQUEUE", "queue-cpu-fanout", "queue-balance");
        return {};
    }

    // nfqueue_tg_check: the number of queues was cut to 16 bits
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (info_.queues_total == 0)
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override { append(out, " --queue-", " --queue-"); }
    void list(std::string& out, bool) const override { append(out, " NFQUEUE ", " "); }

    ir::Action lower(const RuleContext&) const override {
        return ir::HandOff{
            ir::KernelTarget{.name = "NFQUEUE", .revision = 3, .info = info_bytes(info_), .after = ir::After::Ends}};
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        info_ = info_from<xt_NFQ_info_v3>(bytes);
        return true;
    }

  private:
    bool used(std::size_t option) const { return (used_ >> option & 1) != 0; }

    Result<void> balance(std::string_view value) {
        // since a single number isn't a range, the parser's defaults can't stand for its end
        const auto span = guided::span({"NFQUEUE", "queue-balance"}, value, kMaxQueue);
        if (!span) return std::unexpected(span.error());
        if (value.find(':') == value.npos) return fail(ErrorKind::BadParameter, fmt::format("Bad range \"{}\"", value));
        if (span->low >= span->high)
            return fail(ErrorKind::BadParameter, fmt::format("{} should be less than {}", span->low, span->high));
        info_.queuenum = static_cast<std::uint16_t>(span->low);
        info_.queues_total = static_cast<std::uint16_t>(span->high - span->low + 1);
        return {};
    }

    void append(std::string& out, std::string_view first, std::string_view then) const {
        if (info_.queues_total > 1)
            fmt::format_to(std::back_inserter(out), "{}balance {}:{}", first, info_.queuenum,
                           info_.queuenum + info_.queues_total - 1);
        else
            fmt::format_to(std::back_inserter(out), "{}num {}", first, info_.queuenum);
        if (info_.flags & NFQ_FLAG_BYPASS) fmt::format_to(std::back_inserter(out), "{}bypass", then);
        if (info_.flags & NFQ_FLAG_CPU_FANOUT) fmt::format_to(std::back_inserter(out), "{}cpu-fanout", then);
    }

    xt_NFQ_info_v3 info_{.queuenum = 0, .queues_total = 1, .flags = 0};
    std::uint32_t used_ = 0;
};

std::string help(Family) {
    return "NFQUEUE target options\n"
           "  --queue-num value            Send packet to QUEUE number <value>.\n"
           "                               Valid queue numbers are 0-65535\n"
           "  --queue-balance first:last   Balance flows between queues <value> to <value>.\n"
           "  --queue-bypass               Bypass Queueing if no queue instance exists.\n"
           "  --queue-cpu-fanout\tUse current CPU (no hashing)\n";
}

} // namespace

const TargetDef nfqueue_target{
    .name = "NFQUEUE",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Nfqueue>(); },
    .structure = structure_of<xt_NFQ_info_v3, 3>,
};

} // namespace xtbpf::extensions
