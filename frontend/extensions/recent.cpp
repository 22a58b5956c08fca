// SPDX-License-Identifier: GPL-2.0-or-later
// The match `recent`, revision 1 (libxt_recent.c, net/netfilter/xt_recent.c). The kernel keeps the lists, by name, and shows
// them in /proc/net/xt_recent.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_recent.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t {
    kSet,
    kRcheck,
    kUpdate,
    kRemove,
    kSeconds,
    kReap,
    kHitcount,
    kRttl,
    kName,
    kRsource,
    kRdest,
    kMask
};

constexpr std::array kOptions{
    OptionDef{"set", Argument::None, true},
    OptionDef{"rcheck", Argument::None, true},
    OptionDef{"update", Argument::None, true},
    OptionDef{"remove", Argument::None, true},
    OptionDef{"seconds"},
    OptionDef{"reap", Argument::None},
    OptionDef{"hitcount"},
    OptionDef{"rttl", Argument::None},
    OptionDef{"name"},
    OptionDef{"rsource", Argument::None},
    OptionDef{"rdest", Argument::None},
    OptionDef{"mask"},
};

constexpr std::size_t kOperations = 4;
constexpr std::array<std::uint8_t, kOperations> kBits{XT_RECENT_SET, XT_RECENT_CHECK, XT_RECENT_UPDATE,
                                                      XT_RECENT_REMOVE};
constexpr std::array<std::string_view, kOperations> kTitles{"SET", "CHECK", "UPDATE", "REMOVE"};

constexpr std::string_view kDefaultName = "DEFAULT";

constexpr std::uint32_t kMostHits = 65535; // XT_RECENT_MAX_NSTAMPS - 1 of xt_recent.c
constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();

// fs/proc/generic.c by way of x_tables.c, xt_check_proc_name
bool names_a_file(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

class Recent final : public Match {
  public:
    explicit Recent(Family family) : family_(family) {}

    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        invert_ |= use.inverted;
        switch (use.option) {
        case kSeconds: return store(use, seconds_, 1);
        case kHitcount: return store(use, hits_, 0);
        case kName: name_ = std::string(use.value.substr(0, XT_RECENT_NAME_LEN - 1)); return {};
        case kRsource: destination_ = false; return {};
        case kRdest: destination_ = true; return {};
        case kMask: {
            const auto mask = parse_host(family_, use.value);
            if (!mask) return std::unexpected(mask.error());
            mask_ = *mask;
            return {};
        }
        default: return {};
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (!used_[kSet] && !used_[kRcheck] && !used_[kUpdate] && !used_[kRemove])
            return fail(ErrorKind::BadParameter, "recent: you must specify one of `--set', `--rcheck' "
                                                 "`--update' or `--remove'");
        for (std::size_t one = 0; one < kOperations; ++one)
            for (std::size_t other = 0; other < kOperations; ++other)
                if (one != other && used_[one] && used_[other])
                    return guided::excluded("recent", kOptions[one].name, kOptions[other].name);
        if (used_[kReap] && !used_[kSeconds]) return guided::also("recent", "reap", "seconds");
        for (const std::size_t other : {kSet, kRemove})
            if (used_[kRttl] && used_[other]) return guided::excluded("recent", "rttl", kOptions[other].name);
        return {};
    }

    // recent_mt_check
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        const bool changes_only = used_[kSet] || used_[kRemove];
        if (changes_only && (seconds_ != 0 || hits_ != 0 || used_[kReap] || used_[kRttl])) return invalid_argument();
        if (hits_ > kMostHits || !names_a_file(name_)) return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        if (invert_) out += " !";
        for (std::size_t i = 0; i < kOperations; ++i)
            if (used_[i]) fmt::format_to(std::back_inserter(out), " --{}", kOptions[i].name);
        if (seconds_ != 0) fmt::format_to(std::back_inserter(out), " --seconds {}", seconds_);
        if (used_[kReap]) out += " --reap";
        if (hits_ != 0) fmt::format_to(std::back_inserter(out), " --hitcount {}", hits_);
        if (used_[kRttl]) out += " --rttl";
        out += " --name";
        append_word(out, name_);
        fmt::format_to(std::back_inserter(out), " --mask {} --{}", host_text(family_, mask_),
                       destination_ ? "rdest" : "rsource");
    }

    void list(std::string& out, bool) const override {
        out += invert_ ? " ! recent:" : " recent:";
        for (std::size_t i = 0; i < kOperations; ++i)
            if (used_[i]) fmt::format_to(std::back_inserter(out), " {}", kTitles[i]);
        if (seconds_ != 0) fmt::format_to(std::back_inserter(out), " seconds: {}", seconds_);
        if (used_[kReap]) out += " reap";
        if (hits_ != 0) fmt::format_to(std::back_inserter(out), " hit_count: {}", hits_);
        if (used_[kRttl]) out += " TTL-Match";
        fmt::format_to(std::back_inserter(out), " name: {} side: {} mask: {}", name_, destination_ ? "dest" : "source",
                       host_text(family_, mask_));
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(kernel_match("recent", 1, structure()));
    }

    // Behind a short name the rest of the default one stands (libxt_recent.c, recent_init): -D compares it.
    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        xt_recent_mtinfo_v1& info = structure();
        put_text(info.name, kDefaultName);
        std::memcpy(info.name, name_.c_str(), name_.size() + 1);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_recent_mtinfo_v1>(bytes);
        const auto name = text_in(info.name);
        if (!name || name->empty() || info.side > XT_RECENT_DEST) return false;
        name_ = *name;
        seconds_ = info.seconds;
        hits_ = info.hit_count;
        for (std::size_t i = 0; i < kOperations; ++i)
            used_[i] = info.check_set & kBits[i];
        used_[kRttl] = info.check_set & XT_RECENT_TTL;
        used_[kReap] = info.check_set & XT_RECENT_REAP;
        invert_ = info.invert;
        destination_ = info.side == XT_RECENT_DEST;
        mask_ = words_in(info.mask.all);
        return true;
    }

  private:
    xt_recent_mtinfo_v1& structure() const {
        auto& info = blank<xt_recent_mtinfo_v1>();
        info.seconds = seconds_;
        info.hit_count = hits_;
        for (std::size_t i = 0; i < kOperations; ++i)
            if (used_[i]) info.check_set = static_cast<std::uint8_t>(info.check_set | kBits[i]);
        if (used_[kRttl]) info.check_set |= XT_RECENT_TTL;
        if (used_[kReap]) info.check_set |= XT_RECENT_REAP;
        info.invert = invert_;
        put_text(info.name, name_);
        info.side = destination_ ? XT_RECENT_DEST : XT_RECENT_SOURCE;
        put_mask(info.mask.all, family_, mask_);
        return info;
    }

    static Result<void> store(const OptionUse& use, std::uint32_t& to, std::uint32_t min) {
        const auto number = guided::number({"recent", kOptions[use.option].name}, use.value, min, kMax);
        if (!number) return std::unexpected(number.error());
        to = *number;
        return {};
    }

    Family family_;
    std::array<bool, kOptions.size()> used_{};
    bool invert_ = false, destination_ = false;
    std::uint32_t seconds_ = 0, hits_ = 0;
    std::string name_{kDefaultName};
    ir::Words mask_{kMax, kMax, kMax, kMax};
};

void clear_unsaid(Family family, std::span<std::uint8_t> data) {
    clear_behind_ipv4<offsetof(xt_recent_mtinfo_v1, mask), 1>(family, data);
    const auto name = data.subspan(offsetof(xt_recent_mtinfo_v1, name), XT_RECENT_NAME_LEN);
    std::fill(std::ranges::find(name, 0), name.end(), std::uint8_t{0}); // recent_init: the end of the default name
}

std::string help(Family) {
    return "recent match options:\n"
           "[!] --set                       Add source address to list, always matches.\n"
           "[!] --rcheck                    Match if source address in list.\n"
           "[!] --update                    Match if source address in list, also update last-seen time.\n"
           "[!] --remove                    Match if source address in list, also removes that address from list.\n"
           "    --seconds seconds           For check and update commands above.\n"
           "                                Specifies that the match will only occur if source address last seen "
           "within\n"
           "                                the last 'seconds' seconds.\n"
           "    --reap                      Purge entries older then 'seconds'.\n"
           "                                Can only be used in conjunction with the seconds option.\n"
           "    --hitcount hits             For check and update commands above.\n"
           "                                Specifies that the match will only occur if source address seen hits "
           "times.\n"
           "                                May be used in conjunction with the seconds option.\n"
           "    --rttl                      For check and update commands above.\n"
           "                                Specifies that the match will only occur if the source address and the "
           "TTL\n"
           "                                match between this packet and the one which was set.\n"
           "                                Useful if you have problems with people spoofing their source address in "
           "order\n"
           "                                to DoS you via this module.\n"
           "    --name name                 Name of the recent list to be used.  DEFAULT used if none given.\n"
           "    --rsource                   Match/Save the source address of each packet in the recent list table "
           "(default).\n"
           "    --rdest                     Match/Save the destination address of each packet in the recent list "
           "table.\n"
           "    --mask netmask              Netmask that will be applied to this recent list.\n"
           "xt_recent by: Stephen Frost <sfrost@snowman.net>.\n";
}

} // namespace

const MatchDef recent_match{
    .name = "recent",
    .options = kOptions,
    .help = help,
    .create = [](Family family) -> std::unique_ptr<Match> { return std::make_unique<Recent>(family); },
    .structure = structure_of<xt_recent_mtinfo_v1, 1, clear_unsaid>,
};

} // namespace xtbpf::extensions
