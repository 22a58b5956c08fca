// SPDX-License-Identifier: GPL-2.0-or-later
// The target `SET`, revision 3 (libxt_SET.c, net/netfilter/xt_set.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/ip_set.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <bit>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_set.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kAdd, kDelete, kMap, kExist, kTimeout, kMark, kPriority, kQueue };

// The parser of old: `!` has no meaning, no option is counted.
constexpr OptionDef set_option(std::string_view name) { return {name, Argument::Two, true, true}; }
constexpr OptionDef flag(std::string_view name) { return {name, Argument::None, true, true}; }
constexpr std::array kOptions{set_option("add-set"),
                              set_option("del-set"),
                              set_option("map-set"),
                              flag("exist"),
                              OptionDef{"timeout", Argument::Required, true, true},
                              flag("map-mark"),
                              flag("map-prio"),
                              flag("map-queue")};

constexpr std::uint32_t kNoTimeout = std::numeric_limits<std::uint32_t>::max();

struct MapFlag {
    std::uint32_t bit;
    std::size_t option;
};
constexpr std::array kMapFlags{MapFlag{IPSET_FLAG_MAP_SKBMARK, kMark}, MapFlag{IPSET_FLAG_MAP_SKBPRIO, kPriority},
                               MapFlag{IPSET_FLAG_MAP_SKBQUEUE, kQueue}};

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

std::unexpected<Error> invalid() {
    return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
}

class SetTarget final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kAdd:
        case kDelete:
        case kMap: return take_set(use);
        case kExist: flags_ |= IPSET_FLAG_EXIST; return {};
        case kTimeout: {
            const auto timeout = parse_number(use.value, 0, kNoTimeout - 1);
            if (!timeout)
                return bad(fmt::format("Invalid value for option --timeout or out of range 0-{}", kNoTimeout - 1));
            timeout_ = static_cast<std::uint32_t>(*timeout);
            return {};
        }
        default:
            for (const MapFlag& map : kMapFlags)
                if (map.option == use.option) flags_ |= map.bit;
            return {};
        }
    }

    Result<void> finish(const RuleContext&) override { // set_target_check_v3
        if (!given(kAdd) && !given(kDelete) && !given(kMap))
            return bad("You must specify either `--add-set' or `--del-set' or `--map-set'");
        if (!given(kAdd) && (flags_ & IPSET_FLAG_EXIST)) return bad("Flag `--exist' can be used with `--add-set' only");
        if (!given(kAdd) && timeout_ != kNoTimeout) return bad("Option `--timeout' can be used with `--add-set' only");
        bool mapped = false;
        for (const MapFlag& map : kMapFlags) {
            if (!(flags_ & map.bit)) continue;
            if (!given(kMap))
                return bad(fmt::format("Flag `--{}' can be used with `--map-set' only", kOptions[map.option].name));
            mapped = true;
        }
        if (given(kMap) && !mapped) return bad("You must specify flags `--map-mark' or '--map-prio` or `--map-queue'");
        return {};
    }

    // set_target_v3_checkentry
    Result<void> check(const RuleContext& rule, std::uint32_t hooks) const override {
        constexpr std::uint32_t kLeaving =
            hook_bit(Hook::Forward) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);
        for (const SetUse& set : sets_)
            if (auto found = check_set_use(set); !found) return found;
        if (!given(kMap)) return {};
        if (rule.table != TableId::Mangle) return invalid();
        if ((flags_ & (IPSET_FLAG_MAP_SKBPRIO | IPSET_FLAG_MAP_SKBQUEUE)) && (hooks & ~kLeaving)) return invalid();
        return {};
    }

    void save(std::string& out) const override { append(out, "--"); }
    void list(std::string& out, bool) const override { append(out, ""); }

    // set_target_v3_checkentry ties --map-set to a table of the name `mangle`
    ir::Action lower(const RuleContext&) const override {
        const xt_set_info_target_v3 info{.add_set = std::bit_cast<xt_set_info>(set_use_info(sets_[kAdd])),
                                         .del_set = std::bit_cast<xt_set_info>(set_use_info(sets_[kDelete])),
                                         .map_set = std::bit_cast<xt_set_info>(set_use_info(sets_[kMap])),
                                         .flags = flags_,
                                         .timeout = timeout_};
        if (given(kMap)) return tied_target("SET", 3, info, ir::touched(ir::Touch::Mark));
        return kernel_target("SET", 3, info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_set_info_target_v3>(bytes);
        const std::array uses{info.add_set, info.del_set, info.map_set};
        for (std::size_t i = 0; i < uses.size(); ++i) {
            if (uses[i].index == IPSET_INVALID_ID) continue;
            auto set = set_use_from(std::bit_cast<std::array<std::uint8_t, 4>>(uses[i]));
            if (!set) return false;
            sets_[i] = std::move(*set);
        }
        flags_ = info.flags;
        timeout_ = info.timeout;
        return true;
    }

  private:
    bool given(std::size_t option) const { return sets_[option].dimensions != 0; }

    Result<void> take_set(const OptionUse& use) {
        const std::string_view name = kOptions[use.option].name;
        if (given(use.option)) return bad(fmt::format("--{} can be specified only once", name));
        auto set = parse_set_use(name, use);
        if (!set) return std::unexpected(set.error());
        sets_[use.option] = std::move(*set);
        return {};
    }

    void append(std::string& out, std::string_view dashes) const {
        const auto add_set = [&](std::size_t option) {
            append_set_use(out, fmt::format("{}{}", dashes, kOptions[option].name), sets_[option]);
        };
        add_set(kAdd);
        if (flags_ & IPSET_FLAG_EXIST) fmt::format_to(std::back_inserter(out), " {}exist", dashes);
        if (timeout_ != kNoTimeout) fmt::format_to(std::back_inserter(out), " {}timeout {}", dashes, timeout_);
        add_set(kDelete);
        add_set(kMap);
        for (const MapFlag& map : kMapFlags)
            if (flags_ & map.bit) fmt::format_to(std::back_inserter(out), " {}{}", dashes, kOptions[map.option].name);
    }

    std::array<SetUse, 3> sets_; // as the first three options
    std::uint32_t flags_ = 0, timeout_ = kNoTimeout;
};

std::string help(Family) {
    return "SET target options:\n"
           " --add-set name flags [--exist] [--timeout n]\n"
           " --del-set name flags\n"
           " --map-set name flags [--map-mark] [--map-prio] [--map-queue]\n"
           "\t\tadd/del src/dst IP/port from/to named sets,\n"
           "\t\twhere flags are the comma separated list of\n"
           "\t\t'src' and 'dst' specifications.\n";
}

} // namespace

const TargetDef set_target{
    .name = "SET",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<SetTarget>(); },
    .structure = structure_of<xt_set_info_target_v3, 3>,
};

} // namespace xtbpf::extensions
