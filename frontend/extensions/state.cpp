// SPDX-License-Identifier: GPL-2.0-or-later
// The match `state` (libxt_conntrack.c, state_ct23_parse): another name for a part of conntrack.
#include "frontend/extensions/conntrack_state.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <linux/netfilter/xt_conntrack.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"state", Argument::Required, true}};

class State final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        const auto states = parse_name_list(use.value, kStateNames.first(kStatesOfState));
        if (!states && states.error().empty())
            return fail(ErrorKind::BadParameter,
                        "\"--state\" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED");
        if (!states) return fail(ErrorKind::BadParameter, fmt::format("Bad state \"{}\"", states.error()));
        states_ = *states;
        invert_ = use.inverted;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (states_ == 0) return guided::missing("state", "state");
        return {};
    }

    void save(std::string& out) const override {
        out += invert_ ? " ! --state " : " --state ";
        append_name_list(out, states_, kStateNames);
    }

    void list(std::string& out, bool) const override {
        out += invert_ ? " ! state " : " state ";
        append_name_list(out, states_, kStateNames);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        out.push_back(state_test(states_, invert_));
    }

    // A part of conntrack's structure, with a bit of its own to tell the names apart.
    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_conntrack_mtinfo3>();
        info.match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS;
        set_bit(info.invert_flags, XT_CONNTRACK_STATE, invert_);
        info.state_mask = static_cast<std::uint16_t>(states_);
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_conntrack_mtinfo3>(bytes);
        states_ = info.state_mask;
        invert_ = info.invert_flags & XT_CONNTRACK_STATE;
        return (info.match_flags & XT_CONNTRACK_STATE_ALIAS) != 0;
    }

  private:
    std::uint32_t states_ = 0;
    bool invert_ = false;
};

std::string help(Family) {
    return "state match options:\n"
           " [!] --state [INVALID|ESTABLISHED|NEW|RELATED|UNTRACKED][,...]\n"
           "\t\t\t\tState(s) to match\n";
}

} // namespace

const MatchDef state_match{
    .name = "state",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<State>(); },
    .structure = [](Family) -> StructureDef {
        return {.name = "conntrack",
                .revision = 3,
                .size = info_size<xt_conntrack_mtinfo3>,
                .given = sizeof(xt_conntrack_mtinfo3),
                .clear_unsaid = clear_behind_ipv4<0, 8>};
    },
};

} // namespace xtbpf::extensions
