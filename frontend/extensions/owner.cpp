// SPDX-License-Identifier: GPL-2.0-or-later
// The match `owner`, revision 1 (libxt_owner.c, net/netfilter/xt_owner.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"
#include "frontend/system_names.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_owner.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kUser, kGroup, kSocket, kSupplementary };

constexpr std::array kOptions{
    OptionDef{"uid-owner", Argument::Required, true},
    OptionDef{"gid-owner", Argument::Required, true},
    OptionDef{"socket-exists", Argument::None, true},
    OptionDef{"suppl-groups", Argument::None},
};

constexpr std::array<std::uint8_t, kOptions.size()> kBits{XT_OWNER_UID, XT_OWNER_GID, XT_OWNER_SOCKET,
                                                          XT_OWNER_SUPPL_GROUPS};

constexpr std::uint32_t kLargestId = 0xFFFFFFFE; // -1 stands for none

std::unexpected<Error> bad_value(std::size_t option, std::string_view value) {
    return fail(ErrorKind::BadParameter,
                fmt::format("owner: Bad value for \"--{}\" option: \"{}\"", kOptions[option].name, value));
}

// A name, an id, or two ids with `-` or `:` between (owner_parse_range).
std::optional<guided::Span> parse_ids(std::size_t option, std::string_view text) {
    const std::string name(text);
    if (option == kUser) {
        if (const auto user = user_id(name)) return guided::Span{*user, *user};
    } else if (const auto group = group_id(name)) {
        return guided::Span{*group, *group};
    }
    const auto low = leading_number(text, 0, kLargestId);
    if (!low) return std::nullopt;
    auto high = low;
    if (text.starts_with('-') || text.starts_with(':')) {
        text.remove_prefix(1);
        high = leading_number(text, 0, kLargestId);
    }
    if (!high || !text.empty()) return std::nullopt;
    return guided::Span{static_cast<std::uint32_t>(*low), static_cast<std::uint32_t>(*high)};
}

class Owner final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.option == kUser || use.option == kGroup) {
            const auto ids = parse_ids(use.option, use.value);
            if (!ids) return bad_value(use.option, use.value);
            ids_[use.option] = *ids;
        }
        if (use.option == kSupplementary && !used_[kGroup])
            return bad_value(kSupplementary, "you need to use --gid-owner first");
        used_[use.option] = true;
        invert_[use.option] = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_[kUser] || used_[kGroup] || used_[kSocket]) return {};
        return fail(ErrorKind::BadParameter,
                    "owner: At least one of --uid-owner, --gid-owner or --socket-exists is required");
    }

    // owner_check
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        for (const std::size_t kind : {kUser, kGroup})
            if (ids_[kind].low > ids_[kind].high)
                return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override {
        if (used_[kSocket]) out += invert_[kSocket] ? " ! --socket-exists" : " --socket-exists";
        for (const std::size_t kind : {kUser, kGroup}) {
            if (!used_[kind]) continue;
            fmt::format_to(std::back_inserter(out), "{} --{} ", invert_[kind] ? " !" : "", kOptions[kind].name);
            append_ids(out, kind, true);
        }
        if (used_[kSupplementary]) out += " --suppl-groups";
    }

    void list(std::string& out, bool numeric) const override {
        if (used_[kSocket]) out += invert_[kSocket] ? " ! owner socket exists" : " owner socket exists";
        for (const std::size_t kind : {kUser, kGroup}) {
            if (!used_[kind]) continue;
            fmt::format_to(std::back_inserter(out), "{} owner {} match ", invert_[kind] ? " !" : "",
                           kind == kUser ? "UID" : "GID");
            append_ids(out, kind, numeric);
        }
        if (used_[kSupplementary]) out += " incl. suppl. groups";
    }

    // owner_mt: without a socket every option is as its `!` says, without a file the ids are
    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        if (used_[kSupplementary]) {
            out.push_back(kernel_match());
            return;
        }
        if (used_[kSocket])
            out.push_back(in_range(ir::Field::Owner, XT_OWNER_NO_FILE, XT_OWNER_FILE, invert_[kSocket]));
        constexpr std::array kFields{ir::Field::Uid, ir::Field::Gid};
        for (const std::size_t kind : {kUser, kGroup}) {
            if (!used_[kind]) continue;
            const ir::Gate gate{.field = ir::Field::Owner, .at_least = XT_OWNER_FILE, .otherwise = invert_[kind]};
            out.push_back(in_range(kFields[kind], ids_[kind].low, ids_[kind].high, invert_[kind], gate));
        }
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override { return kernel_match().info; }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_owner_match_info>(bytes);
        for (std::size_t i = 0; i < kBits.size(); ++i) {
            used_[i] = info.match & kBits[i];
            invert_[i] = info.invert & kBits[i];
        }
        ids_[kUser] = {info.uid_min, info.uid_max};
        ids_[kGroup] = {info.gid_min, info.gid_max};
        return true;
    }

  private:
    // BPF doesn't see a socket's supplementary groups.
    ir::KernelMatch kernel_match() const {
        auto& info = blank<xt_owner_match_info>();
        info.uid_min = ids_[kUser].low;
        info.uid_max = ids_[kUser].high;
        info.gid_min = ids_[kGroup].low;
        info.gid_max = ids_[kGroup].high;
        for (std::size_t i = 0; i < kBits.size(); ++i) {
            if (used_[i]) info.match = static_cast<std::uint8_t>(info.match | kBits[i]);
            if (invert_[i]) info.invert = static_cast<std::uint8_t>(info.invert | kBits[i]);
        }
        return xtbpf::kernel_match("owner", 1, info);
    }

    void append_ids(std::string& out, std::size_t kind, bool numeric) const {
        const auto [low, high] = ids_[kind];
        if (low != high) {
            fmt::format_to(std::back_inserter(out), "{}-{}", low, high);
            return;
        }
        if (!numeric && kind == kUser) {
            if (const auto user = user_name(low)) {
                out += *user;
                return;
            }
        } else if (!numeric) {
            if (const auto group = group_name(low)) {
                out += *group;
                return;
            }
        }
        fmt::format_to(std::back_inserter(out), "{}", low);
    }

    std::array<bool, kOptions.size()> used_{}, invert_{};
    std::array<guided::Span, 2> ids_{}; // by kUser, kGroup
};

std::string help(Family) {
    return "owner match options:\n"
           "[!] --uid-owner userid[-userid]      Match local UID\n"
           "[!] --gid-owner groupid[-groupid]    Match local GID\n"
           "[!] --socket-exists                  Match if socket exists\n"
           "    --suppl-groups                   Also match supplementary groups set with --gid-owner\n";
}

} // namespace

const MatchDef owner_match{
    .name = "owner",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Output) | hook_bit(Hook::Postrouting)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Owner>(); },
    .structure = structure_of<xt_owner_match_info, 1>,
};

} // namespace xtbpf::extensions
