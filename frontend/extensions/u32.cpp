// SPDX-License-Identifier: GPL-2.0-or-later
// The match `u32` (libxt_u32.c, net/netfilter/xt_u32.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
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

    // u32_mt_checkentry
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        for (std::size_t i = 0; i < tests_->ntests; ++i)
            for (std::size_t at = 1; at < tests_->tests[i].nnums; ++at) {
                const xt_u32_location_element& step = tests_->tests[i].location[at];
                const bool shift = step.nextop == XT_U32_LEFTSH || step.nextop == XT_U32_RIGHTSH;
                if (shift && step.number >= 32) return invalid_argument();
            }
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
        static_assert(XT_U32_AND == 0 && XT_U32_LEFTSH == 1 && XT_U32_RIGHTSH == 2 && XT_U32_AT == 3); // as U32Test's
        ir::U32Test lowered{.tests = {}, .invert = tests_->invert != 0};
        for (std::size_t i = 0; i < tests_->ntests; ++i) {
            const xt_u32_test& test = tests_->tests[i];
            ir::U32Test::One& one = lowered.tests.emplace_back(ir::U32Test::One{test.location[0].number, {}, {}});
            for (std::size_t at = 1; at < test.nnums; ++at)
                one.steps.push_back(
                    {static_cast<ir::U32Test::Operator>(test.location[at].nextop), test.location[at].number});
            for (std::size_t at = 0; at < test.nvalues; ++at)
                one.ranges.push_back({test.value[at].min, test.value[at].max});
        }
        out.push_back(std::move(lowered));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_u32>(); // member by member: what lies between those of tests_ is anything
        info.ntests = tests_->ntests;
        info.invert = tests_->invert;
        for (std::size_t i = 0; i < tests_->ntests; ++i) {
            const xt_u32_test& from = tests_->tests[i];
            xt_u32_test& to = info.tests[i];
            to.nnums = from.nnums;
            to.nvalues = from.nvalues;
            for (std::size_t at = 0; at < from.nnums; ++at) {
                to.location[at].number = from.location[at].number;
                to.location[at].nextop = from.location[at].nextop;
            }
            std::copy_n(from.value, from.nvalues, to.value);
        }
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        tests_ = info_from<xt_u32>(bytes);
        return u32_tests_are_valid(*tests_);
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
    .structure = structure_of<xt_u32>,
};

} // namespace xtbpf::extensions
