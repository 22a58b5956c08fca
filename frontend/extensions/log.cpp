// SPDX-License-Identifier: GPL-2.0-or-later
// The target `LOG` (libxt_LOG.c, net/netfilter/xt_LOG.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/xt_LOG.h>
#include <syslog.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kLevel, kPrefix, kFirstFlag };

constexpr std::array kOptions{
    OptionDef{"log-level"},
    OptionDef{"log-prefix"},
    OptionDef{"log-tcp-sequence", Argument::None},
    OptionDef{"log-tcp-options", Argument::None},
    OptionDef{"log-ip-options", Argument::None},
    OptionDef{"log-uid", Argument::None},
    OptionDef{"log-macdecode", Argument::None},
};

struct Flag {
    std::uint8_t bit; // XT_LOG_* are NF_LOG_*
    std::string_view option, text;
};
constexpr std::array kFlags{
    Flag{NF_LOG_TCPSEQ, "log-tcp-sequence", "tcp-sequence"}, Flag{NF_LOG_TCPOPT, "log-tcp-options", "tcp-options"},
    Flag{NF_LOG_IPOPT, "log-ip-options", "ip-options"},      Flag{NF_LOG_UID, "log-uid", "uid"},
    Flag{NF_LOG_MACDECODE, "log-macdecode", "macdecode"},
};

constexpr std::size_t kLongestPrefix = 29; // struct xt_log_info; more is cut off without a word
constexpr std::uint8_t kDefaultLevel = LOG_WARNING;

struct Level {
    std::string_view name;
    std::uint8_t level;
};
// What may be written (xtopt_parse_sysloglevel), and what a listing shows (libxt_LOG.c): not the same words.
constexpr std::array kWritten{Level{"alert", LOG_ALERT},   Level{"crit", LOG_CRIT},   Level{"debug", LOG_DEBUG},
                              Level{"emerg", LOG_EMERG},   Level{"error", LOG_ERR},   Level{"info", LOG_INFO},
                              Level{"notice", LOG_NOTICE}, Level{"panic", LOG_EMERG}, Level{"warning", LOG_WARNING}};
constexpr std::array<std::string_view, 8> kShown{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"};

Result<std::uint8_t> parse_level(std::string_view text) {
    if (const auto number = parse_number(text, LOG_EMERG, LOG_DEBUG)) return static_cast<std::uint8_t>(*number);
    for (const Level& level : kWritten)
        if (level.name == text) return level.level;
    return fail(ErrorKind::BadParameter, fmt::format("log level \"{}\" unknown\n", text));
}

class Log final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option >= kFirstFlag) {
            log_.flags = static_cast<std::uint8_t>(log_.flags | kFlags[use.option - kFirstFlag].bit);
            return {};
        }
        if (use.option == kLevel) {
            const auto level = parse_level(use.value);
            if (!level) return std::unexpected(level.error());
            log_.level = *level;
            return {};
        }
        if (use.value.empty())
            return fail(ErrorKind::BadParameter, "Argument must have a minimum length of 1 characters\n");
        if (use.value.find('\n') != use.value.npos)
            return fail(ErrorKind::BadParameter, "Newlines not allowed in --log-prefix");
        log_.prefix = std::string(use.value.substr(0, kLongestPrefix));
        return {};
    }

    void save(std::string& out) const override {
        if (!log_.prefix.empty()) {
            out += " --log-prefix";
            append_quoted(out, log_.prefix);
        }
        if (log_.level != kDefaultLevel) fmt::format_to(std::back_inserter(out), " --log-level {}", log_.level);
        for (const Flag& flag : kFlags)
            if (log_.flags & flag.bit) fmt::format_to(std::back_inserter(out), " --{}", flag.option);
    }

    void list(std::string& out, bool numeric) const override {
        if (numeric) {
            fmt::format_to(std::back_inserter(out), " LOG flags {} level {}", log_.flags, log_.level);
        } else {
            fmt::format_to(std::back_inserter(out), " LOG level {}", kShown[log_.level]);
            for (const Flag& flag : kFlags)
                if (log_.flags & flag.bit) fmt::format_to(std::back_inserter(out), " {}", flag.text);
        }
        if (!log_.prefix.empty()) fmt::format_to(std::back_inserter(out), " prefix \"{}\"", log_.prefix);
    }

    ir::Action lower(const RuleContext&) const override { return ir::HandOff{log_}; }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_log_info>();
        info.level = log_.level;
        info.logflags = log_.flags;
        log_.prefix.copy(info.prefix, kLongestPrefix);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_log_info>(bytes);
        const auto prefix = text_in(info.prefix);
        if (!prefix) return false;
        log_ = {.prefix = *prefix, .level = info.level, .flags = info.logflags};
        return true;
    }

  private:
    ir::LogEffect log_{.prefix = {}, .level = kDefaultLevel, .flags = 0};
};

std::string help(Family) {
    return "LOG target options:\n"
           " --log-level level\t\tLevel of logging (numeric or see syslog.conf)\n"
           " --log-prefix prefix\t\tPrefix log messages with this prefix.\n"
           " --log-tcp-sequence\t\tLog TCP sequence numbers.\n"
           " --log-tcp-options\t\tLog TCP options.\n"
           " --log-ip-options\t\tLog IP options.\n"
           " --log-uid\t\t\tLog UID owning the local socket.\n"
           " --log-macdecode\t\tDecode MAC addresses and protocol.\n";
}

} // namespace

const TargetDef log_target{
    .name = "LOG",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Log>(); },
    .structure = structure_of<xt_log_info>,
};

} // namespace xtbpf::extensions
