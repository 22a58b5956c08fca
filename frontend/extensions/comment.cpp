// SPDX-License-Identifier: GPL-2.0-or-later
// The match `comment` (libxt_comment.c, net/netfilter/xt_comment.c): always true.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_comment.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"comment"}};
constexpr std::size_t kLongest = 255; // XT_MAX_COMMENT_LEN with the final zero; the rest is cut off without a word

class Comment final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        text_ = std::string(use.value.substr(0, kLongest));
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!text_) return guided::missing("comment", "comment");
        return {};
    }

    void save(std::string& out) const override {
        out += " --comment";
        append_quoted(out, *text_);
    }

    void list(std::string& out, bool) const override {
        out += " /* ";
        out += *text_;
        out += " */";
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>&) const override {}

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_comment_info>();
        text_->copy(info.comment, kLongest);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        text_ = text_in(info_from<xt_comment_info>(bytes).comment);
        return text_.has_value();
    }

  private:
    std::optional<std::string> text_;
};

std::string help(Family) {
    return "comment match options:\n"
           "--comment COMMENT             Attach a comment to a rule\n";
}

} // namespace

const MatchDef comment_match{
    .name = "comment",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Comment>(); },
    .structure = structure_of<xt_comment_info>,
};

} // namespace xtbpf::extensions
