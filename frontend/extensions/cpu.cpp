// SPDX-License-Identifier: GPL-2.0-or-later
// The match `cpu` (libxt_cpu.c, net/netfilter/xt_cpu.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_cpu.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"cpu", Argument::Required, true}};

class Cpu final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto cpu = guided::number({"cpu", "cpu"}, use.value, 0, std::numeric_limits<std::uint32_t>::max());
        if (!cpu) return std::unexpected(cpu.error());
        cpu_ = *cpu;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!cpu_) return guided::missing("cpu", "cpu");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out), "{} --cpu {}", invert_ ? " !" : "", *cpu_);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " cpu {}{}", invert_ ? "! " : "", *cpu_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(in_range(ir::Field::Cpu, *cpu_, *cpu_, invert_));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(xt_cpu_info{.cpu = *cpu_, .invert = invert_});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_cpu_info>(bytes);
        cpu_ = info.cpu;
        invert_ = info.invert;
        return true;
    }

  private:
    std::optional<std::uint32_t> cpu_;
    bool invert_ = false;
};

std::string help(Family) {
    return "cpu match options:\n"
           "[!] --cpu number   Match CPU number\n";
}

} // namespace

const MatchDef cpu_match{
    .name = "cpu",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Cpu>(); },
    .structure = structure_of<xt_cpu_info>,
};

} // namespace xtbpf::extensions
