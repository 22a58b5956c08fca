// SPDX-License-Identifier: GPL-2.0-or-later
// The targets `CT`, revision 2, and `NOTRACK`, which is `CT --notrack` by another name (libxt_CT.c, net/netfilter/xt_CT.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/name_list.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_CT.h>
#include <strings.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kNotrack, kHelper, kTimeout, kEvents, kExpectEvents, kZoneOriginal, kZoneReply, kZone };

constexpr std::array kOptions{
    OptionDef{"notrack", Argument::None},
    OptionDef{"helper"},
    OptionDef{"timeout"},
    OptionDef{"ctevents"},
    OptionDef{"expevents"},
    OptionDef{"zone-orig"},
    OptionDef{"zone-reply"},
    OptionDef{"zone"},
};

constexpr std::array kEventNames{
    NamedBits{"new", 1U << IPCT_NEW},
    NamedBits{"related", 1U << IPCT_RELATED},
    NamedBits{"destroy", 1U << IPCT_DESTROY},
    NamedBits{"reply", 1U << IPCT_REPLY},
    NamedBits{"assured", 1U << IPCT_ASSURED},
    NamedBits{"protoinfo", 1U << IPCT_PROTOINFO},
    NamedBits{"helper", 1U << IPCT_HELPER},
    NamedBits{"mark", 1U << IPCT_MARK},
    NamedBits{"natseqinfo", 1U << IPCT_NATSEQADJ},
    NamedBits{"secmark", 1U << IPCT_SECMARK},
};
constexpr std::array kExpectEventNames{NamedBits{"new", 1U << IPEXP_NEW}};

// Whole names in small letters, with commas between (ct_parse_events).
Result<std::uint32_t> parse_events(std::string_view list, std::span<const NamedBits> names) {
    std::uint32_t events = 0;
    for (bool more = true; more;) {
        const std::size_t comma = list.find(',');
        const std::string_view word = list.substr(0, comma);
        const auto found = std::ranges::find(names, word, &NamedBits::name);
        if (found == names.end()) return fail(ErrorKind::BadParameter, fmt::format("Unknown event type \"{}\"", word));
        events |= found->bits;
        more = comma != list.npos;
        if (more) list.remove_prefix(comma + 1);
    }
    return events;
}

class Ct final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kNotrack: flags_ |= XT_CT_NOTRACK; return {};
        case kHelper: helper_ = use.value.substr(0, sizeof xt_ct_target_info_v1::helper - 1); return {};
        case kTimeout: timeout_ = use.value.substr(0, sizeof xt_ct_target_info_v1::timeout - 1); return {};
        case kEvents: return take(parse_events(use.value, kEventNames), events_);
        case kExpectEvents: return take(parse_events(use.value, kExpectEventNames), expect_events_);
        default: return take_zone(use);
        }
    }

    // xt_ct_tg_check. A helper and a timeout policy are for one protocol.
    Result<void> check(const RuleContext& rule, std::uint32_t) const override {
        if (flags_ & XT_CT_NOTRACK) return {};
        const bool any_protocol = rule.protocol == 0 || rule.protocol_inverted;
        if (!helper_.empty() && any_protocol) return fail(ErrorKind::Refused, "No chain/target/match by that name.");
        if (!timeout_.empty() && any_protocol)
            return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
        return {};
    }

    void save(std::string& out) const override { print(out, "--"); }

    void list(std::string& out, bool) const override {
        out += " CT";
        print(out, "");
    }

    ir::Action lower(const RuleContext& rule) const override {
        if (flags_ & XT_CT_NOTRACK) return ir::HandOff{ir::NotrackEffect{}};
        if (!helper_.empty() || !timeout_.empty() || events_ != 0 || expect_events_ != 0) return whole_target(rule);
        using Direction = ir::ZoneEffect::Direction;
        ir::ZoneEffect effect;
        if (direction() == XT_CT_ZONE_DIR_ORIG) effect.direction = Direction::Original;
        if (direction() == XT_CT_ZONE_DIR_REPL) effect.direction = Direction::Reply;
        if (!(flags_ & XT_CT_ZONE_MARK)) effect.zone = zone_;
        return ir::HandOff{effect};
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override { return info_bytes(info()); }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_ct_target_info_v1>(bytes);
        const auto helper = text_in(info.helper), timeout = text_in(info.timeout);
        if (!helper || !timeout || (info.flags & XT_CT_NOTRACK_ALIAS)) return false;
        flags_ = info.flags;
        zone_ = info.zone;
        events_ = info.ct_events;
        expect_events_ = info.exp_events;
        helper_ = *helper;
        timeout_ = *timeout;
        return true;
    }

  private:
    static Result<void> take(const Result<std::uint32_t>& from, std::uint32_t& into) {
        if (!from) return std::unexpected(from.error());
        into = *from;
        return {};
    }

    // ct_parse_zone_id: one zone, whichever option comes last; the directions add up
    Result<void> take_zone(const OptionUse& use) {
        if (use.option == kZoneOriginal) flags_ |= XT_CT_ZONE_DIR_ORIG;
        if (use.option == kZoneReply) flags_ |= XT_CT_ZONE_DIR_REPL;
        zone_ = 0;
        if (strcasecmp(std::string(use.value).c_str(), "mark") == 0) {
            flags_ |= XT_CT_ZONE_MARK;
            return {};
        }
        const auto zone = parse_number(use.value, 0, 0xffff);
        if (!zone) return fail(ErrorKind::BadParameter, fmt::format("Cannot parse {} as a zone ID", use.value));
        zone_ = static_cast<std::uint16_t>(*zone);
        return {};
    }

    // nf_tables gives a connection its zone before it is looked up, but nothing else.
    ir::HandOff whole_target(const RuleContext& rule) const {
        const bool one_protocol = !rule.protocol_inverted && (!helper_.empty() || !timeout_.empty());
        return tied_target("CT", 2, info(), ir::touched(ir::Touch::Conntrack, ir::Touch::ConntrackMark),
                           ir::After::Next, one_protocol ? static_cast<std::uint8_t>(rule.protocol) : 0);
    }

    const xt_ct_target_info_v1& info() const {
        auto& info = blank<xt_ct_target_info_v1>();
        info.flags = static_cast<std::uint16_t>(flags_);
        info.zone = zone_;
        info.ct_events = events_;
        info.exp_events = expect_events_;
        helper_.copy(info.helper, sizeof info.helper - 1);
        timeout_.copy(info.timeout, sizeof info.timeout - 1);
        return info;
    }

    unsigned direction() const { return flags_ & (XT_CT_ZONE_DIR_ORIG | XT_CT_ZONE_DIR_REPL); }

    void print(std::string& out, std::string_view dashes) const {
        const auto option = [&](std::string_view name) {
            fmt::format_to(std::back_inserter(out), " {}{}", dashes, name);
        };
        const auto text = [&](std::string_view name, std::string_view value) {
            if (value.empty()) return;
            option(name);
            append_word(out, value);
        };
        const auto names = [&](std::string_view name, std::uint32_t bits, std::span<const NamedBits> all) {
            if (bits == 0) return;
            option(name);
            out += ' ';
            append_name_list(out, bits, all);
        };
        if (flags_ & XT_CT_NOTRACK) option("notrack");
        text("helper", helper_);
        text("timeout", timeout_);
        names("ctevents", events_, kEventNames);
        names("expevents", expect_events_, kExpectEventNames);
        if (!(flags_ & XT_CT_ZONE_MARK) && zone_ == 0) return;
        option("zone");
        if (direction() == XT_CT_ZONE_DIR_ORIG) out += "-orig";
        if (direction() == XT_CT_ZONE_DIR_REPL) out += "-reply";
        out += ' ';
        out += flags_ & XT_CT_ZONE_MARK ? "mark" : std::to_string(zone_);
    }

    unsigned flags_ = 0; // XT_CT_*
    std::uint16_t zone_ = 0;
    std::uint32_t events_ = 0, expect_events_ = 0;
    std::string helper_, timeout_;
};

// Not the same as `CT --notrack`, as -C and -D compare (XT_CT_NOTRACK_ALIAS), though -L says CT.
class Notrack final : public Target {
  public:
    Result<void> option(const OptionUse&) override { return {}; }
    void save(std::string&) const override {}
    void list(std::string& out, bool) const override { out += " NOTRACK"; }
    ir::Action lower(const RuleContext&) const override { return ir::HandOff{ir::NotrackEffect{}}; }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_ct_target_info_v1>();
        info.flags = XT_CT_NOTRACK | XT_CT_NOTRACK_ALIAS;
        return info_bytes(info);
    }
    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        return (info_from<xt_ct_target_info_v1>(bytes).flags & XT_CT_NOTRACK_ALIAS) != 0;
    }
};

// Both directions are what none is (xt_ct_flags_to_dir); a zone that the mark gives has no number.
void clear_unsaid(Family, std::span<std::uint8_t> data) {
    constexpr unsigned kBoth = XT_CT_ZONE_DIR_ORIG | XT_CT_ZONE_DIR_REPL;
    const unsigned flags = info_from<xt_ct_target_info_v1>(data).flags;
    if ((flags & kBoth) == kBoth)
        put_at(data, offsetof(xt_ct_target_info_v1, flags), static_cast<std::uint16_t>(flags & ~kBoth));
    if (flags & XT_CT_ZONE_MARK) put_at(data, offsetof(xt_ct_target_info_v1, zone), std::uint16_t{0});
}

StructureDef structure(Family) {
    return {.name = "CT",
            .revision = 2,
            .size = info_size<xt_ct_target_info_v1>,
            .given = offsetof(xt_ct_target_info_v1, ct),
            .clear_unsaid = clear_unsaid};
}

std::string ct_help(Family) {
    return "CT target options:\n"
           " --notrack\t\t\tDon't track connection\n"
           " --helper name\t\t\tUse conntrack helper 'name' for connection\n"
           " --timeout name \t\tUse timeout policy 'name' for connection\n"
           " --ctevents event[,event...]\tGenerate specified conntrack events for connection\n"
           " --expevents event[,event...]\tGenerate specified expectation events for connection\n"
           " --zone {ID|mark}\t\tAssign/Lookup connection in zone ID/packet nfmark\n"
           " --zone-orig {ID|mark}\t\tSame as 'zone' option, but only applies to ORIGINAL direction\n"
           " --zone-reply {ID|mark} \tSame as 'zone' option, but only applies to REPLY direction\n";
}

std::string notrack_help(Family) { return "NOTRACK does not take any options\n"; }

} // namespace

const TargetDef ct_target{
    .name = "CT",
    .options = kOptions,
    .limits = {.table = TableId::Raw},
    .help = ct_help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Ct>(); },
    .structure = structure,
};

const TargetDef notrack_target{
    .name = "NOTRACK",
    .limits = {.table = TableId::Raw},
    .help = notrack_help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Notrack>(); },
    .listed_as = "CT",
    .structure = structure,
};

} // namespace xtbpf::extensions
