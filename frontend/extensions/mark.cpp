// SPDX-License-Identifier: GPL-2.0-or-later
// The matches `mark` (libxt_mark.c, net/netfilter/xt_mark.c) and `connmark` (libxt_connmark.c, net/netfilter/xt_connmark.c):
// the same test of two different marks.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_mark.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"mark", Argument::Required, true}};

class Mark final : public Match {
  public:
    explicit Mark(bool conntrack) : conntrack_(conntrack) {}

    Result<void> option(const OptionUse& use) override {
        const auto mark = guided::mark({name(), "mark"}, use.value);
        if (!mark) return std::unexpected(mark.error());
        mark_ = *mark;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!mark_) return guided::missing(name(), "mark");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --mark" : " --mark";
        append(out);
    }

    void list(std::string& out, bool) const override {
        // connmark's text has a second blank where mark's has none (libxt_connmark.c, connmark_mt_print)
        out += conntrack_ ? " connmark match " : " mark match";
        if (invert_) out += conntrack_ ? "!" : " !";
        append(out);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        ir::FieldTest test{.field = conntrack_ ? ir::Field::CtMark : ir::Field::Mark,
                           .mask = mark_->mask,
                           .ranges = {{mark_->value, mark_->value}},
                           .invert = invert_};
        // connmark_mt: without an entry false, inverted or not
        if (conntrack_) test.gate = ir::Gate{.field = ir::Field::CtPresent};
        out.push_back(std::move(test));
    }

    // struct xt_connmark_mtinfo1 is the same
    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_mark_mtinfo1>();
        info.mark = mark_->value;
        info.mask = mark_->mask;
        info.invert = invert_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_mark_mtinfo1>(bytes);
        mark_ = guided::Masked{info.mark, info.mask};
        invert_ = info.invert;
        return true;
    }

  private:
    std::string_view name() const { return conntrack_ ? "connmark" : "mark"; }

    void append(std::string& out) const {
        fmt::format_to(std::back_inserter(out), " 0x{:x}", mark_->value);
        if (mark_->mask != ~0U) fmt::format_to(std::back_inserter(out), "/0x{:x}", mark_->mask);
    }

    bool conntrack_, invert_ = false;
    std::optional<guided::Masked> mark_;
};

std::string mark_help(Family) {
    return "mark match options:\n"
           "[!] --mark value[/mask]    Match nfmark value with optional mask\n";
}

std::string connmark_help(Family) {
    return "connmark match options:\n"
           "[!] --mark value[/mask]    Match ctmark value with optional mask\n";
}

} // namespace

const MatchDef mark_match{
    .name = "mark",
    .options = kOptions,
    .help = mark_help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Mark>(false); },
    .structure = structure_of<xt_mark_mtinfo1, 1>,
};

const MatchDef connmark_match{
    .name = "connmark",
    .options = kOptions,
    .help = connmark_help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Mark>(true); },
    .structure = structure_of<xt_mark_mtinfo1, 1>,
};

} // namespace xtbpf::extensions
