// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/goal.hpp"

#include <fmt/format.h>

namespace xtbpf {

Result<bool> settle_goal(Rule& rule, bool is_chain) {
    using Goal = Rule::Goal;
    if (rule.target.empty()) {
        rule.goal = Goal::None;
        return false;
    }
    if (is_chain) {
        const bool shadowed = rule.target_use != nullptr;
        rule.target_use.reset();
        rule.target_def = nullptr;
        rule.goal = Goal::Chain;
        return shadowed;
    }
    if (rule.is_goto) return fail(ErrorKind::BadParameter, fmt::format("goto '{}' is not a chain", rule.target));
    if (is_verdict(rule.target)) {
        rule.goal = Goal::Verdict;
        return false;
    }
    if (rule.target_use) {
        rule.goal = Goal::Extension;
        return false;
    }
    return fail(ErrorKind::BadParameter,
                fmt::format("Couldn't load target `{}':No such file or directory\n", rule.target));
}

} // namespace xtbpf
