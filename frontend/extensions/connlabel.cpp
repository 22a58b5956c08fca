// SPDX-License-Identifier: GPL-2.0-or-later
// The match `connlabel` (libxt_connlabel.c, net/netfilter/xt_connlabel.c). Labels have names in a file, of libnetfilter_conntrack.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <linux/netfilter/xt_connlabel.h>
#include <sstream>
#include <vector>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kLabel, kSet };

constexpr std::array kOptions{
    OptionDef{"label", Argument::Required, true},
    OptionDef{"set", Argument::None},
};

constexpr const char* kFile = "/etc/xtables/connlabel.conf";

// nfct_labelmap_new: lines `BIT NAME`; what else there is, is overlooked
class Labels {
  public:
    Labels() {
        std::ifstream file(kFile);
        if (!file) {
            error_ = errno;
            return;
        }
        std::string line;
        while (std::getline(file, line)) {
            std::istringstream words(line);
            unsigned bit = 0;
            std::string name;
            if (words >> bit >> name && bit <= XT_CONNLABEL_MAXBIT && !name.starts_with('#'))
                names_.emplace_back(bit, name);
        }
    }

    bool there() const { return error_ == 0; }

    // connlabel_open's words
    std::string warning() const { return fmt::format("Warning: cannot open {}: {}\n", kFile, std::strerror(error_)); }

    std::optional<std::uint16_t> bit(std::string_view text) const {
        for (const auto& [bit, name] : names_)
            if (name == text) return static_cast<std::uint16_t>(bit);
        return std::nullopt;
    }

    std::string_view name(std::uint16_t wanted) const {
        for (const auto& [bit, name] : names_)
            if (bit == wanted) return name;
        return {};
    }

  private:
    std::vector<std::pair<unsigned, std::string>> names_;
    int error_ = 0;
};

const Labels& labels() {
    static const Labels all;
    return all;
}

// connlabel_value_parse: any number strtoul takes, cut to the structure's 16 bits
std::optional<std::uint16_t> parse_bit(const std::string& text) {
    char* end = nullptr;
    const unsigned long value = std::strtoul(text.c_str(), &end, 0);
    if (*end != '\0' || static_cast<int>(value) < 0) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

class ConnLabel final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kSet) {
            set_ = true;
            return {};
        }
        if (use.value.empty())
            return fail(ErrorKind::BadParameter, "Argument must have a minimum length of 1 characters\n");
        bit_ = parse_bit(std::string(use.value));
        if (!bit_ && !labels().there() && use.rule.warnings) *use.rule.warnings += labels().warning();
        if (!bit_) bit_ = labels().bit(use.value);
        if (!bit_)
            return fail(ErrorKind::BadParameter, fmt::format("label '{}' not found or invalid value", use.value));
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (!bit_) return guided::missing("connlabel", "label");
        return {};
    }

    // connlabel_mt_check: nf_connlabels_get
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (*bit_ > XT_CONNLABEL_MAXBIT) return fail(ErrorKind::Refused, "Numerical result out of range.");
        return {};
    }

    void save(std::string& out) const override {
        if (invert_) out += " !";
        const std::string_view name = labels().name(*bit_);
        if (name.empty())
            fmt::format_to(std::back_inserter(out), " --label \"{}\"", *bit_);
        else
            fmt::format_to(std::back_inserter(out), " --label \"{}\"", name);
        if (set_) out += " --set";
    }

    void list(std::string& out, bool numeric) const override {
        out += invert_ ? " connlabel !" : " connlabel";
        const std::string_view name = labels().name(*bit_);
        if (numeric || name.empty())
            fmt::format_to(std::back_inserter(out), " {}", *bit_);
        else
            fmt::format_to(std::back_inserter(out), " '{}'", name);
        if (set_) out += " set";
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_connlabel_mtinfo>();
        info.bit = *bit_;
        info.options =
            static_cast<std::uint16_t>((invert_ ? XT_CONNLABEL_OP_INVERT : 0) | (set_ ? XT_CONNLABEL_OP_SET : 0));
        out.push_back(kernel_match("connlabel", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_connlabel_mtinfo>(bytes);
        bit_ = info.bit;
        invert_ = info.options & XT_CONNLABEL_OP_INVERT;
        set_ = info.options & XT_CONNLABEL_OP_SET;
        return true;
    }

  private:
    std::optional<std::uint16_t> bit_;
    bool invert_ = false, set_ = false;
};

std::string help(Family) {
    return "connlabel match options:\n"
           "[!] --label name     Match if label has been set on connection\n"
           "    --set            Set label on connection\n";
}

} // namespace

const MatchDef connlabel_match{
    .name = "connlabel",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<ConnLabel>(); },
    .structure = structure_of<xt_connlabel_mtinfo>,
};

} // namespace xtbpf::extensions
