// SPDX-License-Identifier: GPL-2.0-or-later
// The matches `hbh` and `dst` of IPv6: hop-by-hop and destination options (libip6t_hbh.c, libip6t_dst.c,
// net/ipv6/netfilter/ip6t_hbh.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_opts.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kLength, kOpts };

constexpr std::array kHopOptions{OptionDef{"hbh-len", Argument::Required, true}, OptionDef{"hbh-opts"}};
constexpr std::array kDestinationOptions{OptionDef{"dst-len", Argument::Required, true}, OptionDef{"dst-opts"}};

constexpr std::uint16_t kAnyLength = 0xFF;

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

// parse_opts_num: of the number only the last byte counts
Result<std::uint8_t> parse_byte(std::string_view match, const std::string& text, std::string_view what) {
    char* end = nullptr;
    errno = 0;
    const unsigned long number = std::strtoul(text.c_str(), &end, 0);
    if (end == text.c_str()) return bad(fmt::format("{}: no valid digits in {} `{}'", match, what, text));
    if (number == ~0UL && errno == ERANGE)
        return bad(fmt::format("{} `{}' specified too big: would overflow", what, text));
    if (*end != '\0') return bad(fmt::format("{}: error parsing {} `{}'", match, what, text));
    return static_cast<std::uint8_t>(number);
}

// parse_options: TYPE or TYPE:LENGTH, as type << 8 | length
Result<std::vector<std::uint16_t>> parse_list(std::string_view match, std::string_view text) {
    std::vector<std::uint16_t> options;
    for (bool more = true; more;) {
        if (options.size() == IP6T_OPTS_OPTSNR) return bad("too many addresses specified");
        const std::string_view word = text.substr(0, text.find(','));
        more = word.size() < text.size();
        if (more) text.remove_prefix(word.size() + 1);
        const std::size_t colon = word.find(':');
        if (colon != word.npos && options.size() == IP6T_OPTS_OPTSNR - 1) return bad("too many ports specified");
        const auto type = parse_byte(match, std::string(word.substr(0, colon)), "opt");
        if (!type) return std::unexpected(type.error());
        std::uint16_t length = kAnyLength;
        if (colon != word.npos) {
            if (*type == 0) return bad(match == "hbh" ? "PAD0 has not got length" : "PAD0 hasn't got length");
            const auto parsed = parse_byte(match, std::string(word.substr(colon + 1)), "length");
            if (!parsed) return std::unexpected(parsed.error());
            length = *parsed;
        }
        options.push_back(static_cast<std::uint16_t>(*type << 8U | length));
    }
    return options;
}

class Ipv6Options final : public Match {
  public:
    explicit Ipv6Options(std::string_view name) : name_(name) {}

    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        if (use.option == kOpts) {
            auto options = parse_list(name_, use.value);
            if (!options) return std::unexpected(std::move(options.error()));
            options_ = std::move(*options);
            return {};
        }
        const std::string option = fmt::format("{}-len", name_);
        const auto length = guided::number({name_, option}, use.value, 0, ~0U);
        if (!length) return std::unexpected(length.error());
        length_ = *length;
        not_length_ = use.inverted;
        return {};
    }

    void save(std::string& out) const override {
        if (used_[kLength])
            fmt::format_to(std::back_inserter(out), "{} --{}-len {}", not_length_ ? " !" : "", name_, length_);
        if (!used_[kOpts]) return;
        fmt::format_to(std::back_inserter(out), " --{}-opts", name_);
        append_options(out);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " {}", name_);
        if (used_[kLength]) fmt::format_to(std::back_inserter(out), " length:{}{}", not_length_ ? "!" : "", length_);
        if (!used_[kOpts]) return;
        out += " opts";
        append_options(out);
    }

    // hbh_mt6; the walk over options is the kernel's
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<ip6t_opts>();
        info.hdrlen = length_;
        if (used_[kLength]) info.flags |= IP6T_OPTS_LEN;
        if (used_[kOpts]) info.flags |= IP6T_OPTS_OPTS;
        if (not_length_) info.invflags |= IP6T_OPTS_INV_LEN;
        std::ranges::copy(options_, info.opts);
        info.optsnr = static_cast<std::uint8_t>(options_.size());
        out.push_back(kernel_match(name_, 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_opts>(bytes);
        if (info.optsnr > IP6T_OPTS_OPTSNR) return false;
        used_ = {(info.flags & IP6T_OPTS_LEN) != 0, (info.flags & IP6T_OPTS_OPTS) != 0};
        length_ = info.hdrlen;
        not_length_ = info.invflags & IP6T_OPTS_INV_LEN;
        options_.assign(info.opts, info.opts + info.optsnr);
        return true;
    }

  private:
    void append_options(std::string& out) const {
        char before = ' ';
        for (const std::uint16_t option : options_) {
            fmt::format_to(std::back_inserter(out), "{}{}", before, option >> 8U);
            if ((option & 0xFFU) != kAnyLength) fmt::format_to(std::back_inserter(out), ":{}", option & 0xFFU);
            before = ',';
        }
    }

    std::string_view name_;
    std::array<bool, 2> used_{};
    std::uint32_t length_ = 0;
    bool not_length_ = false;
    std::vector<std::uint16_t> options_;
};

std::string hbh_help(Family) {
    return "hbh match options:\n"
           "[!] --hbh-len length            total length of this header\n"
           "  --hbh-opts TYPE[:LEN][,TYPE[:LEN]...] \n"
           "                                Options and its length (list, max: 16)\n";
}

std::string dst_help(Family) {
    return "dst match options:\n"
           "[!] --dst-len length            total length of this header\n"
           "  --dst-opts TYPE[:LEN][,TYPE[:LEN]...]\n"
           "                                Options and its length (list, max: 16)\n";
}

} // namespace

const MatchDef hbh_match{
    .name = "hbh",
    .options = kHopOptions,
    .ipv4 = false,
    .help = hbh_help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Ipv6Options>("hbh"); },
    .structure = structure_of<ip6t_opts>,
};

const MatchDef dst_match{
    .name = "dst",
    .options = kDestinationOptions,
    .ipv4 = false,
    .help = dst_help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Ipv6Options>("dst"); },
    .structure = structure_of<ip6t_opts>,
};

} // namespace xtbpf::extensions
