// SPDX-License-Identifier: GPL-2.0-or-later
// The match `state` (libxt_conntrack.c, state_ct23_parse): another name for a part of conntrack.
#include "frontend/extensions/conntrack_state.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"

#include <array>
#include <fmt/format.h>

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
};

} // namespace xtbpf::extensions
