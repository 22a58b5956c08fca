// SPDX-License-Identifier: GPL-2.0-or-later
// The match `helper` (libxt_helper.c, net/netfilter/xt_helper.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_helper.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"helper", Argument::Required, true}};

class Helper final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        helper_ = std::string(use.value.substr(0, sizeof xt_helper_info::name - 1));
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!helper_) return guided::missing("helper", "helper");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --helper" : " --helper";
        append_quoted(out, *helper_);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " helper match {}\"{}\"", invert_ ? "! " : "", *helper_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_helper_info>();
        info.invert = invert_;
        put_text(info.name, *helper_);
        out.push_back(kernel_match("helper", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_helper_info>(bytes);
        helper_ = text_in(info.name);
        invert_ = info.invert;
        return helper_.has_value();
    }

  private:
    std::optional<std::string> helper_;
    bool invert_ = false;
};

std::string help(Family) {
    return "helper match options:\n"
           "[!] --helper string        Match helper identified by string\n";
}

} // namespace

const MatchDef helper_match{
    .name = "helper",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Helper>(); },
    .structure = structure_of<xt_helper_info>,
};

} // namespace xtbpf::extensions
