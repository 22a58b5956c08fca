// SPDX-License-Identifier: GPL-2.0-or-later
// The targets `SNPT` and `DNPT` (libip6t_SNPT.c, libip6t_DNPT.c, net/ipv6/netfilter/ip6t_NPT.c): one prefix for another.
#include "frontend/extensions/hosts.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <arpa/inet.h>
#include <array>
#include <bit>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter_ipv6/ip6t_NPT.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"src-pfx"}, OptionDef{"dst-pfx"}};
constexpr int kLongest = 64; // ip6t_npt_checkentry

// A mask with holes has none (xtables_ip6mask_to_cidr's -1 in 8 bits).
int prefix_length(const ir::Words& mask) {
    int length = 0, bits = 0;
    bool leading = true;
    for (const std::uint32_t word : mask) {
        if (leading) length += std::countl_one(word);
        leading &= word == ~0U;
        bits += std::popcount(word);
    }
    return length == bits ? length : 255;
}

ir::Words mask_of(std::uint32_t length) {
    ir::Words mask{};
    for (std::uint32_t bit = 0; bit < length; ++bit)
        mask[bit / 32] |= 0x80000000U >> bit % 32;
    return mask;
}

class Npt final : public Target {
  public:
    explicit Npt(std::string_view name) : name_(name) {}

    Result<void> option(const OptionUse& use) override {
        const auto prefix = parse_host_mask(Family::V6, {name_, kOptions[use.option].name}, use.value);
        if (!prefix) return std::unexpected(prefix.error());
        prefixes_[use.option] = *prefix;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            if (!prefixes_[i]) return guided::missing(name_, kOptions[i].name);
        return {};
    }

    // ip6t_npt_checkentry
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        for (const auto& prefix : prefixes_) {
            bool host_bits = false;
            for (std::size_t i = 0; i < prefix->host.size(); ++i)
                host_bits |= (prefix->host[i] & ~prefix->mask[i]) != 0;
            if (host_bits || prefix_length(prefix->mask) > kLongest)
                return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        }
        return {};
    }

    void save(std::string& out) const override { append(out, " --"); }
    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " {}", name_);
        append(out, " ");
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<ip6t_npt_tginfo>();
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            nf_inet_addr& prefix = i == 0 ? info.src_pfx : info.dst_pfx;
            for (std::size_t word = 0; word < 4; ++word)
                prefix.ip6[word] = htonl(prefixes_[i]->host[word]);
        }
        info.src_pfx_len = static_cast<std::uint8_t>(prefix_length(prefixes_[0]->mask));
        info.dst_pfx_len = static_cast<std::uint8_t>(prefix_length(prefixes_[1]->mask));
        // ip6t_snpt_tg, ip6t_dnpt_tg drop what they can't map
        return tied_target(std::string(name_), 0, info, ir::touched(ir::Touch::Addresses, ir::Touch::Payload),
                           ir::After::Waits);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<ip6t_npt_tginfo>(bytes);
        if (info.src_pfx_len > kLongest || info.dst_pfx_len > kLongest) return false;
        prefixes_ = {HostMask{words_in(info.src_pfx.all), mask_of(info.src_pfx_len)},
                     HostMask{words_in(info.dst_pfx.all), mask_of(info.dst_pfx_len)}};
        return true;
    }

  private:
    void append(std::string& out, std::string_view before) const {
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            fmt::format_to(std::back_inserter(out), "{}{} {}/{}", before, kOptions[i].name,
                           host_text(Family::V6, prefixes_[i]->host), prefix_length(prefixes_[i]->mask));
    }

    std::string_view name_;
    std::array<std::optional<HostMask>, 2> prefixes_;
};

std::string help(std::string_view name) {
    return fmt::format("{} target options:\n"
                       " --src-pfx prefix/length\n"
                       " --dst-pfx prefix/length\n"
                       "\n",
                       name);
}

} // namespace

const TargetDef snpt_target{
    .name = "SNPT",
    .options = kOptions,
    .ipv4 = false,
    .limits = {.hooks = hook_bit(Hook::Input) | hook_bit(Hook::Postrouting), .table = TableId::Mangle},
    .help = [](Family) { return help("SNPT"); },
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Npt>("SNPT"); },
    .structure = structure_up_to<ip6t_npt_tginfo, 0, offsetof(ip6t_npt_tginfo, adjustment)>,
};

const TargetDef dnpt_target{
    .name = "DNPT",
    .options = kOptions,
    .ipv4 = false,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output), .table = TableId::Mangle},
    .help = [](Family) { return help("DNPT"); },
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Npt>("DNPT"); },
    .structure = structure_up_to<ip6t_npt_tginfo, 0, offsetof(ip6t_npt_tginfo, adjustment)>,
};

} // namespace xtbpf::extensions
