// SPDX-License-Identifier: GPL-2.0-or-later
// The match `srh` of IPv6, revision 1: the segment routing header (libip6t_srh.c, net/ipv6/netfilter/ip6t_srh.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_srh.h>
#include <netinet/in.h>

namespace xtbpf::extensions {

namespace {

// In the order of the kernel's flags (IP6T_SRH_*): an option's flag is 1 << its place.
constexpr std::array kOptions{
    OptionDef{"srh-next-hdr", Argument::Required, true},      OptionDef{"srh-hdr-len-eq", Argument::Required, true},
    OptionDef{"srh-hdr-len-gt", Argument::Required, true},    OptionDef{"srh-hdr-len-lt", Argument::Required, true},
    OptionDef{"srh-segs-left-eq", Argument::Required, true},  OptionDef{"srh-segs-left-gt", Argument::Required, true},
    OptionDef{"srh-segs-left-lt", Argument::Required, true},  OptionDef{"srh-last-entry-eq", Argument::Required, true},
    OptionDef{"srh-last-entry-gt", Argument::Required, true}, OptionDef{"srh-last-entry-lt", Argument::Required, true},
    OptionDef{"srh-tag", Argument::Required, true},           OptionDef{"srh-psid", Argument::Required, true},
    OptionDef{"srh-nsid", Argument::Required, true},          OptionDef{"srh-lsid", Argument::Required, true},
};
constexpr std::size_t kTag = 10, kFirstSid = 11;
constexpr std::string_view kPrefix = "srh-";

// The fields of the header; the options -eq, -gt and -lt of one share its value.
enum Field : std::size_t { kNextHeader, kHeaderLength, kSegmentsLeft, kLastEntry, kTagField };
constexpr Field field_of(std::size_t option) {
    return option == 0 ? kNextHeader : option == kTag ? kTagField : static_cast<Field>((option + 2) / 3);
}
static_assert(field_of(1) == kHeaderLength && field_of(3) == kHeaderLength && field_of(4) == kSegmentsLeft &&
              field_of(9) == kLastEntry);

in6_addr kernel_address(const ir::Words& words) {
    in6_addr address{};
    for (std::size_t i = 0; i < words.size(); ++i)
        address.s6_addr32[i] = htonl(words[i]);
    return address;
}

class Srh final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        const guided::Names names{"srh", kOptions[use.option].name};
        if (use.option >= kFirstSid) {
            const auto sid = parse_host_mask(Family::V6, names, use.value);
            if (!sid) return std::unexpected(sid.error());
            sids_[use.option - kFirstSid] = *sid;
            return {};
        }
        const auto value = guided::number(names, use.value, 0, use.option == kTag ? 0xFFFF : 0xFF);
        if (!value) return std::unexpected(value.error());
        values_[field_of(use.option)] = *value;
        return {};
    }

    void save(std::string& out) const override {
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!used_[i]) continue;
            fmt::format_to(std::back_inserter(out), "{} --{} {}", invert_[i] ? " !" : "", kOptions[i].name, value(i));
        }
    }

    void list(std::string& out, bool) const override {
        out += " srh";
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!used_[i]) continue;
            const std::string_view name = kOptions[i].name.substr(kPrefix.size());
            if (i < kFirstSid)
                fmt::format_to(std::back_inserter(out), " {}:{}{}", name, invert_[i] ? "!" : "", value(i));
            else
                fmt::format_to(std::back_inserter(out), " {} {} {}", name, invert_[i] ? "!" : "", value(i));
        }
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<ip6t_srh1>();
        info.next_hdr = static_cast<std::uint8_t>(values_[kNextHeader]);
        info.hdr_len = static_cast<std::uint8_t>(values_[kHeaderLength]);
        info.segs_left = static_cast<std::uint8_t>(values_[kSegmentsLeft]);
        info.last_entry = static_cast<std::uint8_t>(values_[kLastEntry]);
        info.tag = static_cast<std::uint16_t>(values_[kTagField]);
        const std::array addresses{&info.psid_addr, &info.nsid_addr, &info.lsid_addr};
        const std::array masks{&info.psid_msk, &info.nsid_msk, &info.lsid_msk};
        for (std::size_t i = 0; i < sids_.size(); ++i) {
            *addresses[i] = kernel_address(sids_[i].host);
            *masks[i] = kernel_address(sids_[i].mask);
        }
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (used_[i]) info.mt_flags = static_cast<std::uint16_t>(info.mt_flags | 1U << i);
            if (invert_[i]) info.mt_invflags = static_cast<std::uint16_t>(info.mt_invflags | 1U << i);
        }
        out.push_back(kernel_match("srh", 1, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_srh1>(bytes);
        values_ = {info.next_hdr, info.hdr_len, info.segs_left, info.last_entry, info.tag};
        const std::array addresses{info.psid_addr, info.nsid_addr, info.lsid_addr};
        const std::array masks{info.psid_msk, info.nsid_msk, info.lsid_msk};
        for (std::size_t i = 0; i < sids_.size(); ++i)
            sids_[i] = {words_in(addresses[i].s6_addr32), words_in(masks[i].s6_addr32)};
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            used_[i] = info.mt_flags >> i & 1;
            invert_[i] = info.mt_invflags >> i & 1;
        }
        return true;
    }

  private:
    std::string value(std::size_t option) const {
        if (option < kFirstSid) return std::to_string(values_[field_of(option)]);
        const HostMask& sid = sids_[option - kFirstSid];
        const std::string mask = mask_text(Family::V6, sid.mask);
        return host_text(Family::V6, sid.host) + (mask.empty() ? "/128" : mask);
    }

    std::array<bool, kOptions.size()> used_{}, invert_{};
    std::array<std::uint32_t, 5> values_{};
    std::array<HostMask, 3> sids_{};
};

std::string help(Family) {
    return "srh match options:\n"
           "[!] --srh-next-hdr\t\tnext-hdr        Next Header value of SRH\n"
           "[!] --srh-hdr-len-eq\t\thdr_len         Hdr Ext Len value of SRH\n"
           "[!] --srh-hdr-len-gt\t\thdr_len         Hdr Ext Len value of SRH\n"
           "[!] --srh-hdr-len-lt\t\thdr_len         Hdr Ext Len value of SRH\n"
           "[!] --srh-segs-left-eq\t\tsegs_left       Segments Left value of SRH\n"
           "[!] --srh-segs-left-gt\t\tsegs_left       Segments Left value of SRH\n"
           "[!] --srh-segs-left-lt\t\tsegs_left       Segments Left value of SRH\n"
           "[!] --srh-last-entry-eq \tlast_entry      Last Entry value of SRH\n"
           "[!] --srh-last-entry-gt \tlast_entry      Last Entry value of SRH\n"
           "[!] --srh-last-entry-lt \tlast_entry      Last Entry value of SRH\n"
           "[!] --srh-tag\t\t\ttag             Tag value of SRH\n"
           "[!] --srh-psid\t\t\taddr[/mask]\tSRH previous SID\n"
           "[!] --srh-nsid\t\t\taddr[/mask]\tSRH next SID\n"
           "[!] --srh-lsid\t\t\taddr[/mask]\tSRH Last SID\n";
}

} // namespace

const MatchDef srh_match{
    .name = "srh",
    .options = kOptions,
    .ipv4 = false,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Srh>(); },
    .structure = structure_of<ip6t_srh1, 1>,
};

} // namespace xtbpf::extensions
