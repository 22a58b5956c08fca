// SPDX-License-Identifier: GPL-2.0-or-later
// The match `tcpmss` (libxt_tcpmss.c, net/netfilter/xt_tcpmss.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"mss", Argument::Required, true}};

class TcpMss final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto span = guided::span({"tcpmss", "mss"}, use.value, 0xFFFF);
        if (!span) return std::unexpected(span.error());
        span_ = *span;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!span_) return guided::missing("tcpmss", "mss");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --mss " : " --mss ";
        append(out);
    }

    void list(std::string& out, bool) const override {
        out += invert_ ? " tcpmss match !" : " tcpmss match ";
        append(out);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::TcpMssTest{.low = static_cast<std::uint16_t>(span_->low),
                                     .high = static_cast<std::uint16_t>(span_->high),
                                     .invert = invert_});
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
    return "tcpmss match options:\n"
           "[!] --mss value[:value]\tMatch TCP MSS range.\n"
           "\t\t\t\t(only valid for TCP SYN or SYN/ACK packets)\n";
}

} // namespace

const MatchDef tcpmss_match{
    .name = "tcpmss",
    .options = kOptions,
    .limits = {.protocol = IPPROTO_TCP},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<TcpMss>(); },
};

} // namespace xtbpf::extensions
