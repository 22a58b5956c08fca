// SPDX-License-Identifier: GPL-2.0-or-later
// The match `length` (libxt_length.c, net/netfilter/xt_length.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"length", Argument::Required, true}};

class Length final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto span = guided::span({"length", "length"}, use.value, 0xFFFF);
        if (!span) return std::unexpected(span.error());
        span_ = *span;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!span_) return guided::missing("length", "length");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --length " : " --length ";
        append(out);
    }

    void list(std::string& out, bool) const override {
        out += invert_ ? " length !" : " length ";
        append(out);
    }

    // length_mt, length_mt6: the length that the IP header tells
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(in_range(ir::Field::IpLength, span_->low, span_->high, invert_));
    }

  private:
    void append(std::string& out) const {
        fmt::format_to(std::back_inserter(out), "{}", span_->low);
        if (span_->low != span_->high) fmt::format_to(std::back_inserter(out), ":{}", span_->high);
    }

    std::optional<guided::Span> span_;
    bool invert_ = false;
};

std::string help(Family) {
    return "length match options:\n"
           "[!] --length length[:length]    Match packet length against value or range\n"
           "                                of values (inclusive)\n";
}

} // namespace

const MatchDef length_match{
    .name = "length",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Length>(); },
};

} // namespace xtbpf::extensions
