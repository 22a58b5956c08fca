// SPDX-License-Identifier: GPL-2.0-or-later
// The match `time` (libxt_time.c, net/netfilter/xt_time.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_time.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t {
    kDateStart,
    kDateStop,
    kTimeStart,
    kTimeStop,
    kContiguous,
    kWeekdays,
    kMonthdays,
    kLocal,
    kUtc,
    kKernel
};

constexpr std::array kOptions{
    OptionDef{"datestart"},
    OptionDef{"datestop"},
    OptionDef{"timestart"},
    OptionDef{"timestop"},
    OptionDef{"contiguous", Argument::None},
    OptionDef{"weekdays", Argument::Required, true},
    OptionDef{"monthdays", Argument::Required, true},
    OptionDef{"localtz", Argument::None},
    OptionDef{"utc", Argument::None},
    OptionDef{"kerneltz", Argument::None},
};

constexpr std::array<std::string_view, 7> kDayNames{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::uint32_t kLastDate = std::numeric_limits<std::int32_t>::max();

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

// One number of a date or a time: strtoul's, at most `max`; takes it and one of `separators` off the text. Nothing may follow
// where there is no separator. `more`: whether there was one.
std::optional<unsigned> field(std::string_view& text, unsigned max, char separator, bool& more) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range || value > max) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    more = !text.empty();
    if (more && text.front() != separator) return std::nullopt;
    if (more) text.remove_prefix(1);
    return value;
}

// time_parse_date: mktime puts days right that a month hasn't got
Result<std::uint32_t> parse_date(std::string_view text) {
    const auto invalid = [&] {
        return bad(fmt::format("Invalid date \"{}\" specified. Should be YYYY[-MM[-DD[Thh[:mm[:ss]]]]]", text));
    };
    constexpr std::array<unsigned, 6> kMax{2038, 12, 31, 23, 59, 59};
    constexpr std::array kSeparators{'-', '-', 'T', ':', ':', '\0'};
    std::array<unsigned, 6> values{0, 1, 1, 0, 0, 0};
    std::string_view rest = text;
    bool more = true;
    for (std::size_t i = 0; i < values.size() && more; ++i) {
        const auto value = field(rest, kMax[i], kSeparators[i], more);
        if (!value || (i == 0 && *value < 1970) || (more && i + 1 == values.size())) return invalid();
        values[i] = *value;
    }
    std::tm broken{};
    broken.tm_year = static_cast<int>(values[0]) - 1900;
    broken.tm_mon = static_cast<int>(values[1]) - 1;
    broken.tm_mday = static_cast<int>(values[2]);
    broken.tm_hour = static_cast<int>(values[3]);
    broken.tm_min = static_cast<int>(values[4]);
    broken.tm_sec = static_cast<int>(values[5]);
    const std::time_t date = timegm(&broken);
    if (date < 0) return fail(ErrorKind::Refused, "mktime returned an error"); // xtables' OTHER_PROBLEM
    return static_cast<std::uint32_t>(date);
}

// time_parse_minutes: its message shows what is left of the text
Result<std::uint32_t> parse_daytime(std::string_view text) {
    std::array<unsigned, 3> values{};
    constexpr std::array<unsigned, 3> kMax{23, 59, 59};
    bool more = true;
    for (std::size_t i = 0; i < values.size() && more; ++i) {
        const std::string_view here = text;
        const auto value = field(text, kMax[i], i + 1 < values.size() ? ':' : '\0', more);
        if (!value || (i == 0 && !more) || (more && i + 1 == values.size()))
            return bad(fmt::format(
                "invalid time \"{}\" specified, should be hh:mm[:ss] format and within the boundaries", here));
        values[i] = *value;
    }
    return 3600 * values[0] + 60 * values[1] + values[2];
}

// my_strseg: the next word of a list, cut to what the buffer there holds
std::optional<std::string> next_word(std::string_view& list, bool& ended, std::size_t longest) {
    if (ended || list.empty()) return std::nullopt;
    const std::size_t comma = list.find(',');
    std::string word(list.substr(0, std::min(comma, longest)));
    ended = comma == list.npos;
    if (!ended) list.remove_prefix(comma + 1);
    return word;
}

// A number as strtoul reads it; what follows it stays in `rest`.
unsigned long leading(const std::string& word, std::string_view& rest) {
    char* end = nullptr;
    const unsigned long value = std::strtoul(word.c_str(), &end, 0);
    rest = std::string_view(end);
    return value;
}

Result<std::uint32_t> parse_monthdays(std::string_view list) {
    std::uint32_t days = 0;
    bool ended = false;
    while (const auto word = next_word(list, ended, 2)) {
        std::string_view rest;
        const unsigned long day = leading(*word, rest);
        if (!rest.empty() || day > 31) return bad(fmt::format("{} is not a valid day for --monthdays", *word));
        days |= 1U << day;
    }
    return days;
}

Result<std::uint32_t> parse_weekdays(std::string_view list) {
    std::uint32_t days = 0;
    bool ended = false;
    while (const auto word = next_word(list, ended, 3)) {
        std::string_view rest;
        const unsigned long day = leading(*word, rest);
        if (rest.empty()) {
            if (day == 0) return bad("No, the week does NOT begin with Sunday.");
            if (day < 8) days |= 1U << day;
            continue;
        }
        bool known = false;
        for (std::size_t i = 0; i < kDayNames.size(); ++i)
            if (word->size() >= 2 && word->substr(0, 2) == kDayNames[i].substr(0, 2)) {
                days |= 2U << i;
                known = true;
            }
        if (!known) return bad(fmt::format("{} is not a valid day specifier", *word));
    }
    return days;
}

class Time final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        switch (use.option) {
        case kDateStart: return store(info_.date_start, parse_date(use.value));
        case kDateStop: return store(info_.date_stop, parse_date(use.value));
        case kTimeStart: return store(info_.daytime_start, parse_daytime(use.value));
        case kTimeStop: return store(info_.daytime_stop, parse_daytime(use.value));
        case kWeekdays: {
            std::uint32_t days = 0;
            if (auto stored = store(days, parse_weekdays(use.value)); !stored) return stored;
            info_.weekdays_match =
                static_cast<std::uint8_t>(use.inverted ? days ^ std::uint32_t{XT_TIME_ALL_WEEKDAYS} : days);
            return {};
        }
        case kMonthdays:
            if (auto stored = store(info_.monthdays_match, parse_monthdays(use.value)); !stored) return stored;
            if (use.inverted) info_.monthdays_match ^= XT_TIME_ALL_MONTHDAYS;
            return {};
        case kLocal:
            if (use.rule.warnings)
                *use.rule.warnings +=
                    "WARNING: --localtz is being replaced by --kerneltz, since \"local\" is ambiguous. Note the "
                    "kernel timezone has caveats - see manpage for details.\n";
            break;
        default: break;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_[kContiguous]) info_.flags |= XT_TIME_CONTIGUOUS;
        if (used_[kLocal] || used_[kKernel]) info_.flags |= XT_TIME_LOCAL_TZ;
        if (used_[kContiguous] && info_.daytime_start < info_.daytime_stop)
            return bad("time: --contiguous only makes sense when stoptime is smaller than starttime");
        if (used_[kLocal] && used_[kUtc]) return guided::excluded("time", "localtz", "utc");
        if (used_[kUtc] && used_[kKernel]) return guided::excluded("time", "utc", "kerneltz");
        return {};
    }

    void save(std::string& out) const override {
        if (has_daytime()) {
            out += " --timestart";
            append_daytime(out, info_.daytime_start);
            out += " --timestop";
            append_daytime(out, info_.daytime_stop);
        }
        if (has_monthdays()) {
            out += " --monthdays ";
            append_monthdays(out, false);
        }
        if (has_weekdays()) {
            out += " --weekdays ";
            append_weekdays(out);
        }
        save_date(out, " --datestart", info_.date_start);
        save_date(out, " --datestop", info_.date_stop);
        if (info_.flags & XT_TIME_LOCAL_TZ) out += " --kerneltz";
        if (info_.flags & XT_TIME_CONTIGUOUS) out += " --contiguous";
    }

    void list(std::string& out, bool) const override {
        out += " TIME";
        if (has_daytime()) {
            out += " from";
            append_daytime(out, info_.daytime_start);
            out += " to";
            append_daytime(out, info_.daytime_stop);
        }
        if (has_weekdays()) {
            out += " on ";
            append_weekdays(out);
        }
        if (has_monthdays()) {
            out += " on ";
            append_monthdays(out, true);
        }
        if (info_.date_start != 0) {
            out += " starting from";
            list_date(out, info_.date_start);
        }
        if (info_.date_stop != kLastDate) {
            out += " until date";
            list_date(out, info_.date_stop);
        }
        if (!(info_.flags & XT_TIME_LOCAL_TZ)) out += " UTC";
        if (info_.flags & XT_TIME_CONTIGUOUS) out += " contiguous";
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_time_info>();
        info.date_start = info_.date_start;
        info.date_stop = info_.date_stop;
        info.daytime_start = info_.daytime_start;
        info.daytime_stop = info_.daytime_stop;
        info.monthdays_match = info_.monthdays_match;
        info.weekdays_match = info_.weekdays_match;
        info.flags = info_.flags;
        out.push_back(kernel_match("time", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        info_ = info_from<xt_time_info>(bytes);
        return true;
    }

  private:
    static Result<void> store(std::uint32_t& to, Result<std::uint32_t> value) {
        if (!value) return std::unexpected(value.error());
        to = *value;
        return {};
    }

    bool has_daytime() const {
        return info_.daytime_start != XT_TIME_MIN_DAYTIME || info_.daytime_stop != XT_TIME_MAX_DAYTIME;
    }
    bool has_monthdays() const { return info_.monthdays_match != XT_TIME_ALL_MONTHDAYS; }
    bool has_weekdays() const { return info_.weekdays_match != XT_TIME_ALL_WEEKDAYS; }

    static void append_daytime(std::string& out, std::uint32_t seconds) {
        fmt::format_to(std::back_inserter(out), " {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    void append_monthdays(std::string& out, bool ordinal) const {
        constexpr std::array<std::string_view, 4> kEndings{"th", "st", "nd", "rd"};
        const std::size_t before = out.size();
        for (unsigned day = 1; day <= 31; ++day) {
            if (!(info_.monthdays_match >> day & 1)) continue;
            fmt::format_to(std::back_inserter(out), "{}{}{}", out.size() == before ? "" : ",", day,
                           ordinal ? kEndings[day % 10 < 4 ? day % 10 : 0] : "");
        }
        if (out.size() == before && !ordinal) out += "\"\""; // where iptables prints nothing, which doesn't read back
    }

    void append_weekdays(std::string& out) const {
        const std::size_t before = out.size();
        for (std::size_t i = 0; i < kDayNames.size(); ++i)
            if (info_.weekdays_match >> (i + 1) & 1)
                fmt::format_to(std::back_inserter(out), "{}{}", out.size() == before ? "" : ",", kDayNames[i]);
        if (out.size() == before && !out.ends_with(" on ")) out += "\"\""; // likewise
    }

    // time_print_date: takes 0 for none; the last date has a long's limit there, so that it is always printed
    static void save_date(std::string& out, std::string_view option, std::uint32_t date) {
        if (date == 0) return;
        fmt::format_to(std::back_inserter(out), "{} {:%Y-%m-%dT%H:%M:%S}", option,
                       fmt::gmtime(static_cast<std::time_t>(date)));
    }

    static void list_date(std::string& out, std::uint32_t date) {
        if (date == 0) return;
        fmt::format_to(std::back_inserter(out), " {:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(date)));
    }

    std::array<bool, kOptions.size()> used_{};
    xt_time_info info_{.date_start = 0,
                       .date_stop = kLastDate,
                       .daytime_start = XT_TIME_MIN_DAYTIME,
                       .daytime_stop = XT_TIME_MAX_DAYTIME,
                       .monthdays_match = XT_TIME_ALL_MONTHDAYS,
                       .weekdays_match = XT_TIME_ALL_WEEKDAYS,
                       .flags = 0};
};

void clear_day_zero(Family, std::span<std::uint8_t> data) {
    const std::uint32_t days = info_from<xt_time_info>(data).monthdays_match;
    put_at(data, offsetof(xt_time_info, monthdays_match), days & XT_TIME_ALL_MONTHDAYS);
}

std::string help(Family) {
    return "time match options:\n"
           "    --datestart time     Start and stop time, to be given in ISO 8601\n"
           "    --datestop time      (YYYY[-MM[-DD[Thh[:mm[:ss]]]]])\n"
           "    --timestart time     Start and stop daytime (hh:mm[:ss])\n"
           "    --timestop time      (between 00:00:00 and 23:59:59)\n"
           "[!] --monthdays value    List of days on which to match, separated by comma\n"
           "                         (Possible days: 1 to 31; defaults to all)\n"
           "[!] --weekdays value     List of weekdays on which to match, sep. by comma\n"
           "                         (Possible days: Mon,Tue,Wed,Thu,Fri,Sat,Sun or 1 to 7\n"
           "                         Defaults to all weekdays.)\n"
           "    --kerneltz           Work with the kernel timezone instead of UTC\n";
}

} // namespace

const MatchDef time_match{
    .name = "time",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Time>(); },
    .structure = structure_of<xt_time_info, 0, clear_day_zero>,
};

} // namespace xtbpf::extensions
