// SPDX-License-Identifier: GPL-2.0-or-later
// The match `frag` of IPv6 (libip6t_frag.c, net/ipv6/netfilter/ip6t_frag.c).
#include "frontend/extensions/header_bytes.hpp"
#include "frontend/extensions/number_range.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_frag.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kId, kLength, kReserved, kFirst, kMore, kLast };

constexpr std::array kOptions{
    OptionDef{"fragid", Argument::Required, true}, OptionDef{"fraglen", Argument::Required, true},
    OptionDef{"fragres", Argument::None},          OptionDef{"fragfirst", Argument::None},
    OptionDef{"fragmore", Argument::None},         OptionDef{"fraglast", Argument::None}};

constexpr std::array<std::uint8_t, kOptions.size()> kFlags{IP6T_FRAG_IDS, IP6T_FRAG_LEN, IP6T_FRAG_RES,
                                                           IP6T_FRAG_FST, IP6T_FRAG_MF,  IP6T_FRAG_NMF};

class Frag final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        if (use.option == kId) {
            const auto range = parse_number_range({"frag", "fragid"}, use);
            if (!range) return std::unexpected(range.error());
            ids_ = *range;
        } else if (use.option == kLength) {
            const auto length = guided::number({"frag", "fraglen"}, use.value, 0, ~0U);
            if (!length) return std::unexpected(length.error());
            length_ = *length;
            not_length_ = use.inverted;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_[kMore] && used_[kLast]) return guided::excluded("frag", "fragmore", "fraglast");
        return {};
    }

    void save(std::string& out) const override {
        save_range(out, "fragid", ids_);
        if (used_[kLength])
            fmt::format_to(std::back_inserter(out), "{} --fraglen {}", not_length_ ? " !" : "", length_);
        for (std::size_t i = kReserved; i < kOptions.size(); ++i)
            if (used_[i]) fmt::format_to(std::back_inserter(out), " --{}", kOptions[i].name);
    }

    void list(std::string& out, bool) const override {
        constexpr std::array<std::string_view, 4> kWords{" reserved", " first", " more", " last"};
        out += " frag ";
        list_range(out, "id", ids_);
        if (used_[kLength]) fmt::format_to(std::back_inserter(out), " length:{}{}", not_length_ ? "!" : "", length_);
        for (std::size_t i = kReserved; i < kOptions.size(); ++i)
            if (used_[i]) out += kWords[i - kReserved];
    }

    // frag_mt6, which doesn't look at --fraglen
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        constexpr ir::Base kHeader = ir::Extension::Fragment;
        constexpr std::uint16_t kReservedBits = 6, kMoreFragments = 1, kOffset = 0xFFF8; // of the third and fourth byte
        const auto bits = [&](std::uint16_t mask, bool set) {
            out.push_back(ir::BytesTest{
                .base = kHeader, .offset = 2, .width = 2, .mask = mask, .ranges = {{0, 0}}, .invert = set});
        };
        out.push_back(ir::ExtensionTest{.extension = ir::Extension::Fragment, .broken = ir::Else::Hotdrop});
        out.push_back(bytes_here(kHeader, 8, ir::Else::Hotdrop));
        lower_range(out, kHeader, 4, 4, ids_);
        if (used_[kReserved]) {
            out.push_back(byte_is(kHeader, 1, 0, false));
            bits(kReservedBits, false);
        }
        if (used_[kFirst]) bits(kOffset, false);
        if (used_[kMore]) bits(kMoreFragments, true);
        if (used_[kLast]) bits(kMoreFragments, false);
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<ip6t_frag>();
        info.ids[0] = ids_.low;
        info.ids[1] = ids_.high;
        info.hdrlen = length_;
        set_bit(info.flags, IP6T_FRAG_IDS, ids_.restricts());
        for (std::size_t i = kLength; i < kOptions.size(); ++i)
            set_bit(info.flags, kFlags[i], used_[i]);
        set_bit(info.invflags, IP6T_FRAG_INV_IDS, ids_.invert);
        set_bit(info.invflags, IP6T_FRAG_INV_LEN, not_length_);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_frag>(bytes);
        ids_ = {info.ids[0], info.ids[1], (info.invflags & IP6T_FRAG_INV_IDS) != 0};
        length_ = info.hdrlen;
        not_length_ = info.invflags & IP6T_FRAG_INV_LEN;
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            used_[i] = info.flags & kFlags[i];
        return true;
    }

  private:
    std::array<bool, kOptions.size()> used_{};
    NumberRange ids_;
    std::uint32_t length_ = 0; // which the kernel doesn't look at
    bool not_length_ = false;
};

// frag_mt6 looks at the range, not at its flag.
void clear_range_flag(Family, std::span<std::uint8_t> data) {
    data[offsetof(ip6t_frag, flags)] &= static_cast<std::uint8_t>(~IP6T_FRAG_IDS);
}

std::string help(Family) {
    return "frag match options:\n"
           "[!] --fragid id[:id]           match the id (range)\n"
           "[!] --fraglen length           total length of this header\n"
           " --fragres                     check the reserved field too\n"
           " --fragfirst                   matches on the first fragment\n"
           " [--fragmore|--fraglast]       there are more fragments or this\n"
           "                               is the last one\n";
}

} // namespace

const MatchDef frag_match{
    .name = "frag",
    .options = kOptions,
    .ipv4 = false,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Frag>(); },
    .structure = structure_of<ip6t_frag, 0, clear_range_flag>,
};

} // namespace xtbpf::extensions
