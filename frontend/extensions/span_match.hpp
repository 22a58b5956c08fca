// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "frontend/extension.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/structure.hpp"

#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_length.h>
#include <optional>
#include <string>
#include <string_view>

namespace xtbpf {

// A match with one option, a mandatory span of 16-bit numbers: `--length 40:1500`, `--mss 536`.
class SpanMatch : public Match {
  public:
    // `listed`: what -L says before the numbers
    SpanMatch(guided::Names names, std::string_view listed) : names_(names), listed_(listed) {}

    Result<void> option(const OptionUse& use) final {
        const auto span = guided::span(names_, use.value, 0xFFFF);
        if (!span) return std::unexpected(span.error());
        span_ = *span;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) final {
        if (!span_) return guided::missing(names_.extension, names_.option);
        return {};
    }

    void save(std::string& out) const final {
        fmt::format_to(std::back_inserter(out), "{} --{} ", invert_ ? " !" : "", names_.option);
        append(out);
    }

    void list(std::string& out, bool) const final {
        fmt::format_to(std::back_inserter(out), " {} {}", listed_, invert_ ? "!" : "");
        append(out);
    }

  protected:
    const guided::Span& span() const { return *span_; }
    bool inverted() const { return invert_; }

    // struct xt_length_info, and those of others
    std::vector<std::uint8_t> encode(const RuleContext&) const final {
        auto& info = blank<xt_length_info>();
        info.min = static_cast<std::uint16_t>(span_->low);
        info.max = static_cast<std::uint16_t>(span_->high);
        info.invert = invert_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) final {
        const auto info = info_from<xt_length_info>(bytes);
        span_ = guided::Span{info.min, info.max};
        invert_ = info.invert;
        return true;
    }

  private:
    void append(std::string& out) const {
        fmt::format_to(std::back_inserter(out), "{}", span_->low);
        if (span_->low != span_->high) fmt::format_to(std::back_inserter(out), ":{}", span_->high);
    }

    guided::Names names_;
    std::string_view listed_;
    std::optional<guided::Span> span_;
    bool invert_ = false;
};

} // namespace xtbpf
