// SPDX-License-Identifier: GPL-2.0-or-later
// The match `set`, revision 4 (libxt_set.c, net/netfilter/xt_set.c). The kernel's ipset looks into the set.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/ip_set.hpp"
#include "frontend/extensions/kernel_match.hpp"
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

enum : std::size_t {
    kMatchSet,
    kOldSet,
    kReturnNomatch,
    kUpdate,
    kPacketsEq,
    kPacketsLt,
    kPacketsGt,
    kBytesEq,
    kBytesLt,
    kBytesGt,
    kUpdateSub
};

// Each may be repeated and inverted as far as libxtables is concerned: set_parse_v4 has words of its own.
constexpr std::array kOptions{
    OptionDef{"match-set", Argument::Two, true, true},
    OptionDef{"set", Argument::Two, true, true},
    OptionDef{"return-nomatch", Argument::None, true, true},
    OptionDef{"update-counters", Argument::None, true, true},
    OptionDef{"packets-eq", Argument::Required, true, true},
    OptionDef{"packets-lt", Argument::Required, true, true},
    OptionDef{"packets-gt", Argument::Required, true, true},
    OptionDef{"bytes-eq", Argument::Required, true, true},
    OptionDef{"bytes-lt", Argument::Required, true, true},
    OptionDef{"bytes-gt", Argument::Required, true, true},
    OptionDef{"update-subcounters", Argument::None, true, true},
};

struct Counter {
    std::uint8_t op = IPSET_COUNTER_NONE;
    std::uint64_t value = 0;
};

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

class Set final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        switch (use.option) {
        case kMatchSet:
        case kOldSet: return take_set(use);
        case kReturnNomatch:
            if (use.inverted) return bad("--return-nomatch flag cannot be inverted");
            flags_ |= IPSET_FLAG_RETURN_NOMATCH;
            return {};
        case kUpdate:
            if (use.inverted) flags_ |= IPSET_FLAG_SKIP_COUNTER_UPDATE;
            return {};
        case kUpdateSub:
            if (use.inverted) flags_ |= IPSET_FLAG_SKIP_SUBCOUNTER_UPDATE;
            return {};
        case kPacketsEq:
        case kPacketsLt:
        case kPacketsGt: return take_counter(use, packets_, "packets", use.option - kPacketsEq);
        default: return take_counter(use, bytes_, "bytes", use.option - kBytesEq);
        }
    }

    Result<void> finish(const RuleContext&) override {
        if (set_.dimensions == 0) return bad("You must specify `--match-set' with proper arguments");
        return {};
    }

    Result<void> check(const RuleContext&, std::uint32_t) const override { return check_set_use(set_); }

    void save(std::string& out) const override { append(out, "--"); }
    void list(std::string& out, bool) const override { append(out, ""); }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_set_info_match_v4>();
        const auto use = set_use_info(set_);
        static_assert(sizeof use == sizeof info.match_set);
        std::memcpy(&info.match_set, use.data(), sizeof use);
        if (invert_) info.match_set.flags |= IPSET_INV_MATCH;
        info.packets.op = packets_.op;
        info.packets.value = packets_.value;
        info.bytes.op = bytes_.op;
        info.bytes.value = bytes_.value;
        info.flags = flags_;
        out.push_back(kernel_match("set", 4, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_set_info_match_v4>(bytes);
        auto set = set_use_from(std::bit_cast<std::array<std::uint8_t, 4>>(info.match_set));
        if (!set) return false;
        set_ = std::move(*set);
        invert_ = info.match_set.flags & IPSET_INV_MATCH;
        flags_ = info.flags;
        packets_ = {info.packets.op, info.packets.value};
        bytes_ = {info.bytes.op, info.bytes.value};
        return true;
    }

  private:
    Result<void> take_set(const OptionUse& use) {
        if (use.option == kOldSet && use.rule.warnings)
            *use.rule.warnings += "--set option deprecated, please use --match-set\n";
        if (set_.dimensions != 0) return bad("--match-set can be specified only once");
        auto set = parse_set_use("match-set", use);
        if (!set) return std::unexpected(set.error());
        set_ = std::move(*set);
        invert_ = use.inverted;
        return {};
    }

    static Result<void> take_counter(const OptionUse& use, Counter& counter, std::string_view what, std::size_t kind) {
        constexpr std::array<std::uint8_t, 3> kOps{IPSET_COUNTER_EQ, IPSET_COUNTER_LT, IPSET_COUNTER_GT};
        if (counter.op != IPSET_COUNTER_NONE)
            return bad(fmt::format("only one of the --{}-[eq|lt|gt] is allowed", what));
        if (use.inverted && kind != 0)
            return bad(fmt::format("--{} option cannot be inverted", kOptions[use.option].name));
        const auto value = parse_number(use.value, 0, std::numeric_limits<std::uint64_t>::max());
        if (!value) return bad(fmt::format("Cannot parse {} as a counter value", use.value));
        counter = {use.inverted ? std::uint8_t{IPSET_COUNTER_NE} : kOps[kind], *value};
        return {};
    }

    void append(std::string& out, std::string_view dashes) const {
        if (invert_) out += " !";
        append_set_use(out, fmt::format("{}match-set", dashes), set_);
        auto to = std::back_inserter(out);
        if (flags_ & IPSET_FLAG_RETURN_NOMATCH) fmt::format_to(to, " {}return-nomatch", dashes);
        if (flags_ & IPSET_FLAG_SKIP_COUNTER_UPDATE) fmt::format_to(to, " ! {}update-counters", dashes);
        if (flags_ & IPSET_FLAG_SKIP_SUBCOUNTER_UPDATE) fmt::format_to(to, " ! {}update-subcounters", dashes);
        append_counter(out, dashes, "packets", packets_);
        append_counter(out, dashes, "bytes", bytes_);
    }

    static void append_counter(std::string& out, std::string_view dashes, std::string_view what,
                               const Counter& counter) {
        auto to = std::back_inserter(out);
        switch (counter.op) {
        case IPSET_COUNTER_EQ: fmt::format_to(to, " {}{}-eq {}", dashes, what, counter.value); break;
        case IPSET_COUNTER_NE: fmt::format_to(to, " ! {}{}-eq {}", dashes, what, counter.value); break;
        case IPSET_COUNTER_LT: fmt::format_to(to, " {}{}-lt {}", dashes, what, counter.value); break;
        case IPSET_COUNTER_GT: fmt::format_to(to, " {}{}-gt {}", dashes, what, counter.value); break;
        default: break;
        }
    }

    SetUse set_;
    bool invert_ = false;
    std::uint32_t flags_ = 0; // IPSET_FLAG_*
    Counter packets_, bytes_;
};

std::string help(Family) {
    return "set match options:\n"
           " [!] --match-set name flags [--return-nomatch]\n"
           "   [! --update-counters] [! --update-subcounters]\n"
           "   [[!] --packets-eq value | --packets-lt value | --packets-gt value\n"
           "   [[!] --bytes-eq value | --bytes-lt value | --bytes-gt value\n"
           "\t\t 'name' is the set name from to match,\n"
           "\t\t 'flags' are the comma separated list of\n"
           "\t\t 'src' and 'dst' specifications.\n";
}

} // namespace

const MatchDef set_match{
    .name = "set",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Set>(); },
    .structure = structure_of<xt_set_info_match_v4, 4>,
};

} // namespace xtbpf::extensions
