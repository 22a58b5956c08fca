// SPDX-License-Identifier: GPL-2.0-or-later
// The match `u32` (libxt_u32.c, net/netfilter/xt_u32.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hand_in.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/u32_tests.hpp"

#include <array>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"u32", Argument::Required, true}};

class U32 final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        auto tests = parse_u32_tests(use.value);
        if (!tests) return std::unexpected(std::move(tests.error()));
        tests_ = *tests;
        tests_->invert = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!tests_) return guided::missing("u32", "u32");
        return {};
    }

    void save(std::string& out) const override {
        out += tests_->invert ? " ! --u32" : " --u32";
        append_u32_tests(out, *tests_);
    }

    void list(std::string& out, bool) const override {
        out += tests_->invert ? " u32 !" : " u32";
        append_u32_tests(out, *tests_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(hand_in("u32", 0, *tests_));
    }

  private:
    std::optional<xt_u32> tests_;
};

std::string help(Family) {
    return "u32 match options:\n"
           "[!] --u32 tests\n"
           "\t\ttests := location \"=\" value | tests \"&&\" location \"=\" value\n"
           "\t\tvalue := range | value \",\" range\n"
           "\t\trange := number | number \":\" number\n"
           "\t\tlocation := number | location operator number\n"
           "\t\toperator := \"&\" | \"<<\" | \">>\" | \"@\"\n";
}

} // namespace

const MatchDef u32_match{
    .name = "u32",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<U32>(); },
};

} // namespace xtbpf::extensions
