// SPDX-License-Identifier: GPL-2.0-or-later
// The match `mh` of IPv6: mobility headers (libip6t_mh.c, net/ipv6/netfilter/ip6t_mh.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/header_bytes.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_mh.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"mh-type", Argument::Required, true}};

struct TypeName {
    std::string_view name, alias;
};
constexpr std::array kTypes{
    // by number (RFC 6275, 6.1)
    TypeName{"binding-refresh-request", "brr"},
    TypeName{"home-test-init", "hoti"},
    TypeName{"careof-test-init", "coti"},
    TypeName{"home-test", "hot"},
    TypeName{"careof-test", "cot"},
    TypeName{"binding-update", "bu"},
    TypeName{"binding-acknowledgement", "ba"},
    TypeName{"binding-error", "be"},
};

// name_to_type: of all names that begin so the first, unless one is just that
Result<std::uint8_t> parse_type(std::string_view text) {
    std::optional<std::size_t> found;
    for (std::size_t type = 0; type < kTypes.size(); ++type)
        for (const std::string_view name : {kTypes[type].name, kTypes[type].alias})
            if (begins_with(name, text) && (!found || name.size() == text.size())) found = type;
    if (found) return static_cast<std::uint8_t>(*found);
    if (const auto number = parse_number(text, 0, 255)) return static_cast<std::uint8_t>(*number);
    return fail(ErrorKind::BadParameter, fmt::format("Invalid MH type `{}'", text));
}

class Mh final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const std::size_t colon = use.value.find(':');
        const std::string_view low = use.value.substr(0, colon);
        if (!low.empty() || colon == low.npos)
            if (auto taken = take(low, low_); !taken) return taken;
        if (colon == low.npos)
            high_ = low_;
        else if (const std::string_view high = use.value.substr(colon + 1); !high.empty())
            if (auto taken = take(high, high_); !taken) return taken;
        if (low_ > high_) return fail(ErrorKind::BadParameter, "Invalid MH type range (min > max)");
        invert_ = use.inverted;
        return {};
    }

    void save(std::string& out) const override {
        if (!restricts()) return;
        fmt::format_to(std::back_inserter(out), "{} --mh-type {}", invert_ ? " !" : "", low_);
        if (low_ != high_) fmt::format_to(std::back_inserter(out), ":{}", high_);
    }

    void list(std::string& out, bool numeric) const override {
        out += " mh";
        if (!restricts()) return;
        out += invert_ ? " !" : " ";
        append_type(out, low_, numeric);
        if (low_ == high_) return;
        out += ':';
        append_type(out, high_, numeric);
    }

    // mh_mt6: a header that names another behind it is dropped
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(ir::HeaderTest{.bytes = 6});
        ir::BytesTest last = byte_is({}, 0, IPPROTO_NONE, false);
        last.unequal = ir::Else::Hotdrop;
        out.push_back(std::move(last));
        if (restricts()) out.push_back(ir::BytesTest{.offset = 2, .ranges = {{low_, high_}}, .invert = invert_});
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        return info_bytes(
            ip6t_mh{.types = {low_, high_}, .invflags = invert_ ? std::uint8_t{IP6T_MH_INV_TYPE} : std::uint8_t{}});
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_mh>(bytes);
        low_ = info.types[0];
        high_ = info.types[1];
        invert_ = info.invflags & IP6T_MH_INV_TYPE;
        return true;
    }

  private:
    bool restricts() const { return low_ != 0 || high_ != 0xFF || invert_; }

    static Result<void> take(std::string_view text, std::uint8_t& into) {
        const auto type = parse_type(text);
        if (!type) return std::unexpected(type.error());
        into = *type;
        return {};
    }

    static void append_type(std::string& out, std::uint8_t type, bool numeric) {
        if (numeric || type >= kTypes.size())
            fmt::format_to(std::back_inserter(out), "{}", type);
        else
            out += kTypes[type].name;
    }

    std::uint8_t low_ = 0, high_ = 0xFF;
    bool invert_ = false;
};

std::string help(Family) {
    std::string out = "mh match options:\n"
                      "[!] --mh-type type[:type]\tmatch mh type\n"
                      "Valid MH types:\n";
    for (const TypeName& type : kTypes)
        out += fmt::format("{} ({})\n", type.name, type.alias);
    return out;
}

} // namespace

const MatchDef mh_match{
    .name = "mh",
    .options = kOptions,
    .ipv4 = false,
    .limits = {.protocol = IPPROTO_MH},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Mh>(); },
    .protocol = IPPROTO_MH,
    .structure = structure_of<ip6t_mh>,
};

} // namespace xtbpf::extensions
