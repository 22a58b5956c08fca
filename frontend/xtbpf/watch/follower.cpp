// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/follower.hpp"

#include "datapath/early_program.hpp"
#include "frontend/lower.hpp"
#include "frontend/xtbpf/subcommand.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <utility>

namespace xtbpf::tool {

namespace {

// Behind whatever a commit does after its nf_tables transaction; a burst of events is looked at once.
constexpr std::chrono::milliseconds kSettled{300};

} // namespace

// Nothing is new at first: what is covered is as the last commit left it, or devices came while nobody watched.
void Follower::begin() {
    if (const auto now = early::follow({}, early::Choice::Off, early::Look::New)) known_ = now->devices;
    follow(early::Look::All);
}

void Follower::devices_changed() {
    follow(early::Look::New);
    look_later();
}

// A spare program that a commit has not seen must not act by rules of yesterday. (The commit itself attaches new programs before
// its command returns.)
void Follower::rules_changed() {
    if (spare_.tc && !spare_fits()) {
        for (const Fd* program : {&spare_.xdp, &spare_.tc})
            if (*program) (void)early::set_switch(program->get(), false);
        spare_ = {};
    }
    look_later();
}

void Follower::look_later() {
    loop_.later(this, kSettled, [this] { follow(early::Look::All); });
}

void Follower::follow(early::Look look) {
    if (choice_ == early::Choice::Off) return;
    const bool fits = spare_.tc && spare_fits();
    const early::Programs spare = fits ? early::Programs{spare_.xdp.get(), spare_.tc.get()} : early::Programs{};
    auto followed = early::follow(known_, choice_, look, spare);
    if (followed && followed->lacking && !followed->were_any && !fits) {
        prepare();
        if (spare_.tc) followed = early::follow(known_, choice_, look, {spare_.xdp.get(), spare_.tc.get()});
    }
    if (!followed) return (void)complain(followed.error());
    if (followed->spare_used) use_spare();
    for (const early::Coverage& each : followed->covered)
        fmt::print("covered {} at {}\n", each.device, early::name(each.place));
    std::fflush(stdout);
    known_ = std::move(followed->devices);
    if (look == early::Look::All && !followed->were_any && followed->covered.empty() && !spare_.tc) prepare();
}

void Follower::prepare() {
    auto made = early::make_spare(lower_table, choice_);
    if (made)
        spare_ = std::move(*made);
    else
        complain(made.error());
}

bool Follower::spare_fits() const {
    const auto now = early::rules_in_force();
    return now && *now == spare_.rules;
}

// On only if no commit came between: it would not have known of this program.
void Follower::use_spare() {
    for (const Fd* program : {&spare_.xdp, &spare_.tc})
        if (*program) (void)early::set_switch(program->get(), spare_fits());
    if (!spare_fits()) rules_changed();
}

} // namespace xtbpf::tool
