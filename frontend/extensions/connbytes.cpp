// SPDX-License-Identifier: GPL-2.0-or-later
// The match `connbytes` (libxt_connbytes.c, net/netfilter/xt_connbytes.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_connbytes.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kBytes, kDirection, kMode };

constexpr std::array kOptions{
    OptionDef{"connbytes", Argument::Required, true},
    OptionDef{"connbytes-dir"},
    OptionDef{"connbytes-mode"},
};

// By their numbers in the kernel.
constexpr std::array<std::string_view, 3> kDirections{"original", "reply", "both"};
constexpr std::array<std::string_view, 3> kModes{"packets", "bytes", "avgpkt"};

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

class ConnBytes final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        if (use.option == kDirection) return choose(use, kDirections, direction_);
        if (use.option == kMode) return choose(use, kModes, mode_);
        const auto span = guided::wide_span({"connbytes", "connbytes"}, use.value, kMax);
        if (!span) return std::unexpected(span.error());
        from_ = span->low;
        to_ = span->high.value_or(kMax);
        if (use.inverted) std::swap(from_, to_); // the kernel takes a range that runs backwards for an inverted one
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            if (!used_[i]) return guided::missing("connbytes", kOptions[i].name);
        return {};
    }

    void save(std::string& out) const override {
        append_range(out, "--");
        fmt::format_to(std::back_inserter(out), " --connbytes-mode {} --connbytes-dir {}", kModes[mode_],
                       kDirections[direction_]);
    }

    void list(std::string& out, bool) const override {
        append_range(out, "");
        fmt::format_to(std::back_inserter(out), " connbytes mode {} connbytes direction {}", kModes[mode_],
                       kDirections[direction_]);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_connbytes_info>();
        info.count.from = from_;
        info.count.to = to_;
        info.what = static_cast<std::uint8_t>(mode_);
        info.direction = static_cast<std::uint8_t>(direction_);
        out.push_back(kernel_match("connbytes", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_connbytes_info>(bytes);
        if (info.what >= kModes.size() || info.direction >= kDirections.size()) return false;
        from_ = info.count.from;
        to_ = info.count.to;
        mode_ = info.what;
        direction_ = info.direction;
        return true;
    }

  private:
    static Result<void> choose(const OptionUse& use, const std::array<std::string_view, 3>& names, std::size_t& to) {
        for (to = 0; to < names.size(); ++to)
            if (names[to] == use.value) return {};
        return fail(ErrorKind::BadParameter, fmt::format("Unknown --{} `{}'", kOptions[use.option].name, use.value));
    }

    // print_from_to
    void append_range(std::string& out, std::string_view dashes) const {
        const auto [low, high] = std::minmax(from_, to_);
        fmt::format_to(std::back_inserter(out), "{} {}connbytes {}", from_ > to_ ? " !" : "", dashes, low);
        const bool shown = high != 0 || !dashes.empty(); // saved it must read back
        if (shown && high != kMax) fmt::format_to(std::back_inserter(out), ":{}", high);
    }

    std::array<bool, kOptions.size()> used_{};
    std::uint64_t from_ = 0, to_ = 0;
    std::size_t direction_ = 0, mode_ = 0;
};

std::string help(Family) {
    return "connbytes match options:\n"
           " [!] --connbytes from:[to]\n"
           "     --connbytes-dir [original, reply, both]\n"
           "     --connbytes-mode [packets, bytes, avgpkt]\n";
}

} // namespace

const MatchDef connbytes_match{
    .name = "connbytes",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<ConnBytes>(); },
    .structure = structure_of<xt_connbytes_info>,
};

} // namespace xtbpf::extensions
