// SPDX-License-Identifier: GPL-2.0-or-later
// The match `hashlimit`, revision 3 (libxt_hashlimit.c, net/netfilter/xt_hashlimit.c). The kernel keeps the tables, by name, and
// shows them in /proc/net/ipt_hashlimit and ip6t_hashlimit.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hashlimit_rate.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_hashlimit.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t {
    kUpto,
    kAbove,
    kOldUpto,
    kSourceMask,
    kDestinationMask,
    kBurst,
    kSize,
    kMax,
    kGcInterval,
    kExpire,
    kMode,
    kName,
    kRateMatch,
    kInterval
};

constexpr std::array kOptions{
    OptionDef{"hashlimit-upto", Argument::Required, true},
    OptionDef{"hashlimit-above", Argument::Required, true},
    OptionDef{"hashlimit", Argument::Required, true, false, "hashlimit-upto"},
    OptionDef{"hashlimit-srcmask"},
    OptionDef{"hashlimit-dstmask"},
    OptionDef{"hashlimit-burst"},
    OptionDef{"hashlimit-htable-size"},
    OptionDef{"hashlimit-htable-max"},
    OptionDef{"hashlimit-htable-gcinterval"},
    OptionDef{"hashlimit-htable-expire"},
    OptionDef{"hashlimit-mode"},
    OptionDef{"hashlimit-name"},
    OptionDef{"hashlimit-rate-match", Argument::None},
    OptionDef{"hashlimit-rate-interval"},
};

struct Part {
    std::string_view name;
    std::uint32_t bit;
};
// In the order in which they are printed.
constexpr std::array kParts{Part{"srcip", XT_HASHLIMIT_HASH_SIP}, Part{"srcport", XT_HASHLIMIT_HASH_SPT},
                            Part{"dstip", XT_HASHLIMIT_HASH_DIP}, Part{"dstport", XT_HASHLIMIT_HASH_DPT}};

constexpr std::uint32_t kGcDefault = 1000;                             // milliseconds
constexpr std::uint32_t kByteExpire = 15000, kByteBurstExpire = 60000; // likewise

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

std::unexpected<Error> bad_value(const OptionUse& use) {
    return bad(fmt::format("hashlimit: Bad value for \"--{}\" option: \"{}\"", kOptions[use.option].name, use.value));
}

// strtok over `,` and `|`: empty words don't count
std::optional<std::uint32_t> parse_mode(std::string_view text) {
    std::uint32_t mode = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(",|"), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const Part* found = nullptr;
        for (const Part& part : kParts)
            if (part.name == word) found = &part;
        if (!found && !word.empty()) return std::nullopt;
        if (found) mode |= found->bit;
    }
    return mode;
}

class HashLimit final : public Match {
  public:
    explicit HashLimit(Family family) : family_(family), longest_(family == Family::V4 ? 32 : 128) {
        cfg_.burst = hashlimit::kDefaultBurst;
        cfg_.gc_interval = kGcDefault;
        cfg_.srcmask = cfg_.dstmask = longest_;
    }

    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        switch (use.option) {
        case kUpto:
        case kAbove: return take_rate(use);
        case kSourceMask: return take_mask(use, cfg_.srcmask);
        case kDestinationMask: return take_mask(use, cfg_.dstmask);
        case kBurst: {
            const auto burst = hashlimit::parse_burst(use.value);
            if (!burst) return std::unexpected(burst.error());
            cfg_.burst = *burst;
            return {};
        }
        case kSize: return take_number(use, cfg_.size);
        case kMax: return take_number(use, cfg_.max);
        case kGcInterval: return take_number(use, cfg_.gc_interval);
        case kExpire: return take_number(use, cfg_.expire);
        case kMode: {
            const auto mode = parse_mode(use.value);
            if (!mode) return bad_value(use);
            cfg_.mode |= *mode;
            return {};
        }
        case kName:
            if (use.value.empty()) return bad("Argument must have a minimum length of 1 characters\n");
            name_ = std::string(use.value.substr(0, sizeof xt_hashlimit_mtinfo3::name - 1));
            return {};
        case kRateMatch: cfg_.mode |= XT_HASHLIMIT_RATE_MATCH; return {};
        default: {
            const int interval = std::atoi(std::string(use.value).c_str());
            if (interval <= 0) return bad_value(use);
            cfg_.interval = static_cast<std::uint32_t>(interval);
            return {};
        }
        }
    }

    // hashlimit_mt_check
    Result<void> finish(const RuleContext&) override {
        if (!used_[kUpto] && !used_[kAbove]) return bad("You have to specify --hashlimit");
        if (!used_[kExpire]) cfg_.expire = seconds_ * 1000;
        if (bytes()) {
            if (auto settled = settle_byte_burst(); !settled) return settled;
        } else if (cfg_.burst > hashlimit::kLargestBurst) {
            return hashlimit::burst_error();
        }
        if (used_[kRateMatch]) {
            if (!bytes()) cfg_.avg /= seconds_;
            if (cfg_.interval == 0) cfg_.interval = bytes() ? 1 : seconds_;
        }
        if (used_[kUpto] && used_[kAbove]) return guided::excluded("hashlimit", "hashlimit-upto", "hashlimit-above");
        if (!used_[kName]) return guided::missing("hashlimit", "hashlimit-name");
        return {};
    }

    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (name_ == "." || name_ == ".." || name_.find('/') != name_.npos) return invalid_argument();
        return hashlimit::check(cfg_, longest_);
    }

    void save(std::string& out) const override {
        out += cfg_.mode & XT_HASHLIMIT_INVERT ? " --hashlimit-above " : " --hashlimit-upto ";
        const std::uint32_t expire = append_limit(out, cfg_.avg, " --hashlimit-");
        append_mode(out, " --hashlimit-mode ", ',');
        out += " --hashlimit-name";
        append_word(out, name_);
        append_rest(out, " --hashlimit-", expire);
    }

    void list(std::string& out, bool) const override {
        out += cfg_.mode & XT_HASHLIMIT_INVERT ? " limit: above " : " limit: up to ";
        const std::uint64_t times = bytes() || cfg_.interval == 0 ? 1 : cfg_.interval;
        const std::uint32_t expire = append_limit(out, cfg_.avg * times, " ");
        append_mode(out, " mode ", '-');
        append_rest(out, " ", expire);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_hashlimit_mtinfo3>();
        put_text(info.name, name_);
        info.cfg = cfg_;
        out.push_back(kernel_match("hashlimit", 3, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_hashlimit_mtinfo3>(bytes);
        const auto name = text_in(info.name);
        if (!name || name->empty() || info.cfg.avg == 0) return false;
        if ((info.cfg.mode & XT_HASHLIMIT_RATE_MATCH) && info.cfg.interval == 0) return false;
        name_ = *name;
        cfg_ = info.cfg;
        return true;
    }

  private:
    bool bytes() const { return cfg_.mode & XT_HASHLIMIT_BYTES; }

    Result<void> take_rate(const OptionUse& use) {
        if (use.inverted == (use.option == kUpto)) cfg_.mode |= XT_HASHLIMIT_INVERT;
        const auto rate = hashlimit::parse_rate(use.value, use.rule.warnings == nullptr);
        if (!rate) return std::unexpected(rate.error());
        if (!*rate) return bad_value(use);
        cfg_.avg = (*rate)->cost;
        seconds_ = (*rate)->seconds;
        if ((*rate)->bytes) cfg_.mode |= XT_HASHLIMIT_BYTES;
        return {};
    }

    Result<void> take_mask(const OptionUse& use, std::uint8_t& to) {
        const auto mask = parse_mask(family_, {"hashlimit", kOptions[use.option].name}, use.value);
        if (!mask) return std::unexpected(mask.error());
        to = static_cast<std::uint8_t>(prefix_length(family_, *mask).value_or(0xff)); // the kernel refuses the latter
        return {};
    }

    static Result<void> take_number(const OptionUse& use, std::uint32_t& to) {
        const auto number = guided::number({"hashlimit", kOptions[use.option].name}, use.value, 0,
                                           std::numeric_limits<std::uint32_t>::max());
        if (!number) return std::unexpected(number.error());
        to = *number;
        return {};
    }

    // The kernel counts a burst of bytes in times of the rate; without --hashlimit-burst there is none.
    Result<void> settle_byte_burst() {
        if (!used_[kBurst]) {
            cfg_.burst = 0;
            return {};
        }
        const std::uint64_t rate = hashlimit::cost_to_bytes(cfg_.avg);
        if (cfg_.burst < rate) return bad(fmt::format("burst cannot be smaller than {}b", rate));
        if (!used_[kExpire]) cfg_.expire = kByteBurstExpire;
        if (rate != 0) cfg_.burst = static_cast<std::uint32_t>((cfg_.burst + rate - 1) / rate);
        return {};
    }

    // The rate and the burst; returns the default of --hashlimit-htable-expire for it.
    std::uint32_t append_limit(std::string& out, std::uint64_t avg, std::string_view before) const {
        if (bytes()) {
            const std::uint64_t rate = hashlimit::append_byte_rate(out, cfg_.avg);
            if (cfg_.burst == 0) return kByteExpire;
            out += before;
            hashlimit::append_byte_burst(out, rate * cfg_.burst);
            return kByteBurstExpire;
        }
        const std::uint32_t expire = hashlimit::append_packet_rate(out, avg);
        fmt::format_to(std::back_inserter(out), "{}burst {}", before, cfg_.burst);
        return expire;
    }

    void append_mode(std::string& out, std::string_view before, char separator) const {
        bool first = true;
        for (const Part& part : kParts) {
            if (!(cfg_.mode & part.bit)) continue;
            if (first)
                out += before;
            else
                out += separator;
            out += part.name;
            first = false;
        }
    }

    void append_rest(std::string& out, std::string_view before, std::uint32_t expire) const {
        auto to = std::back_inserter(out);
        if (cfg_.size != 0) fmt::format_to(to, "{}htable-size {}", before, cfg_.size);
        if (cfg_.max != 0) fmt::format_to(to, "{}htable-max {}", before, cfg_.max);
        if (cfg_.gc_interval != kGcDefault) fmt::format_to(to, "{}htable-gcinterval {}", before, cfg_.gc_interval);
        if (cfg_.expire != expire) fmt::format_to(to, "{}htable-expire {}", before, cfg_.expire);
        if (cfg_.srcmask != longest_) fmt::format_to(to, "{}srcmask {}", before, cfg_.srcmask);
        if (cfg_.dstmask != longest_) fmt::format_to(to, "{}dstmask {}", before, cfg_.dstmask);
        if (!(cfg_.mode & XT_HASHLIMIT_RATE_MATCH)) return;
        fmt::format_to(to, "{}rate-match", before);
        if (cfg_.interval != 1) fmt::format_to(to, "{}rate-interval {}", before, cfg_.interval);
    }

    Family family_;
    std::uint8_t longest_; // prefix
    std::array<bool, kOptions.size()> used_{};
    hashlimit_cfg3 cfg_{};
    std::uint32_t seconds_ = 1; // of the rate's unit
    std::string name_;
};

std::string help(Family) {
    return "hashlimit match options:\n"
           "  --hashlimit-upto <avg>           max average match rate\n"
           "                                   [Packets per second unless followed by \n"
           "                                   /sec /minute /hour /day postfixes]\n"
           "  --hashlimit-above <avg>          min average match rate\n"
           "  --hashlimit-mode <mode>          mode is a comma-separated list of\n"
           "                                   dstip,srcip,dstport,srcport (or none)\n"
           "  --hashlimit-srcmask <length>     source address grouping prefix length\n"
           "  --hashlimit-dstmask <length>     destination address grouping prefix length\n"
           "  --hashlimit-name <name>          name for /proc/net/ipt_hashlimit\n"
           "  --hashlimit-burst <num>\t    number to match in a burst, default 5\n"
           "  --hashlimit-htable-size <num>    number of hashtable buckets\n"
           "  --hashlimit-htable-max <num>     number of hashtable entries\n"
           "  --hashlimit-htable-gcinterval    interval between garbage collection runs\n"
           "  --hashlimit-htable-expire        after which time are idle entries expired?\n"
           "  --hashlimit-rate-match           rate match the flow without rate-limiting it\n"
           "  --hashlimit-rate-interval        interval in seconds for hashlimit-rate-match\n"
           "\n";
}

} // namespace

const MatchDef hashlimit_match{
    .name = "hashlimit",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<HashLimit>(family); },
    .structure = structure_up_to<xt_hashlimit_mtinfo3, 3, offsetof(xt_hashlimit_mtinfo3, hinfo)>,
};

} // namespace xtbpf::extensions
