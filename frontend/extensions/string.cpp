// SPDX-License-Identifier: GPL-2.0-or-later
// The match `string`, revision 1 (libxt_string.c, net/netfilter/xt_string.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/pattern.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_string.h>

namespace xtbpf::extensions {

namespace {

// In the order in which libxtables looks for options that are missing.
enum : std::size_t { kFrom, kTo, kAlgorithm, kString, kHexString, kIgnoreCase };

constexpr std::array kOptions{OptionDef{"from"},
                              OptionDef{"to"},
                              OptionDef{"algo"},
                              OptionDef{"string", Argument::Required, true},
                              OptionDef{"hex-string", Argument::Required, true},
                              OptionDef{"icase", Argument::None}};

constexpr std::uint32_t kNoLimit = 0xFFFF;

class String final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        switch (use.option) {
        case kFrom:
        case kTo: {
            const auto number = guided::number({"string", kOptions[use.option].name}, use.value, 0, kNoLimit);
            if (!number) return std::unexpected(number.error());
            (use.option == kFrom ? from_ : to_) = *number;
            return {};
        }
        case kAlgorithm: algorithm_ = use.value.substr(0, XT_STRING_MAX_ALGO_NAME_SIZE - 1); return {};
        case kIgnoreCase: return {};
        default: return take_pattern(use);
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (!used_[kString] && !used_[kHexString])
            return fail(ErrorKind::BadParameter, "STRING match: You must specify `--string' or `--hex-string'");
        if (!used_[kAlgorithm]) return guided::missing("string", "algo");
        if (used_[kString] && used_[kHexString]) return guided::excluded("string", "string", "hex-string");
        return {};
    }

    // string_mt_check, textsearch_prepare
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        constexpr std::array<std::string_view, 3> kAlgorithms{"bm", "kmp", "fsm"};
        const bool known = std::ranges::find(kAlgorithms, algorithm_) != kAlgorithms.end();
        if (from_ > to_ || pattern_.empty()) return invalid_argument();
        if (!known) return fail(ErrorKind::Refused, "No chain/target/match by that name.");
        if (algorithm_ == "fsm") // wants its own kind of pattern, which no text can be
            return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        if (invert_) out += " !";
        out += pattern_prints(pattern_) ? " --string " : " --hex-string ";
        append_pattern(out, pattern_);
        fmt::format_to(std::back_inserter(out), " --algo {}", algorithm_);
        if (from_ != 0) fmt::format_to(std::back_inserter(out), " --from {}", from_);
        if (to_ != kNoLimit) fmt::format_to(std::back_inserter(out), " --to {}", to_);
        if (used_[kIgnoreCase]) out += " --icase";
    }

    void list(std::string& out, bool) const override {
        out += invert_ ? " STRING match ! " : " STRING match  ";
        append_pattern(out, pattern_);
        fmt::format_to(std::back_inserter(out), " ALGO name {}", algorithm_);
        if (from_ != 0) fmt::format_to(std::back_inserter(out), " FROM {}", from_);
        if (to_ != kNoLimit) fmt::format_to(std::back_inserter(out), " TO {}", to_);
        if (used_[kIgnoreCase]) out += " ICASE";
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_string_info>();
        info.from_offset = static_cast<std::uint16_t>(from_);
        info.to_offset = static_cast<std::uint16_t>(to_);
        std::ranges::copy(algorithm_, info.algo);
        std::ranges::copy(pattern_, info.pattern);
        info.patlen = static_cast<std::uint8_t>(pattern_.size());
        if (invert_) info.u.v1.flags |= XT_STRING_FLAG_INVERT;
        if (used_[kIgnoreCase]) info.u.v1.flags |= XT_STRING_FLAG_IGNORECASE;
        out.push_back(kernel_match("string", 1, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_string_info>(bytes);
        const auto algorithm = text_in(info.algo);
        if (!algorithm || info.patlen > sizeof info.pattern) return false;
        algorithm_ = *algorithm;
        from_ = info.from_offset;
        to_ = info.to_offset;
        pattern_.assign(info.pattern, info.patlen);
        invert_ = info.u.v1.flags & XT_STRING_FLAG_INVERT;
        used_[kIgnoreCase] = info.u.v1.flags & XT_STRING_FLAG_IGNORECASE;
        return true;
    }

  private:
    Result<void> take_pattern(const OptionUse& use) {
        auto pattern = use.option == kString ? parse_pattern(use.value) : parse_hex_pattern(use.value);
        if (!pattern) return std::unexpected(std::move(pattern.error()));
        pattern_ = std::move(*pattern);
        invert_ |= use.inverted;
        return {};
    }

    std::array<bool, kOptions.size()> used_{};
    std::uint32_t from_ = 0, to_ = kNoLimit;
    std::string algorithm_, pattern_;
    bool invert_ = false;
};

std::string help(Family) {
    return "string match options:\n"
           "--from                       Offset to start searching from\n"
           "--to                         Offset to stop searching\n"
           "--algo                       Algorithm\n"
           "--icase                      Ignore case (default: 0)\n"
           "[!] --string string          Match a string in a packet\n"
           "[!] --hex-string string      Match a hex string in a packet\n";
}

} // namespace

const MatchDef string_match{
    .name = "string",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<String>(); },
    .structure = structure_up_to<xt_string_info, 1, offsetof(xt_string_info, config)>,
};

} // namespace xtbpf::extensions
