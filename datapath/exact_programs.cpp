// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/exact_programs.hpp"

#include "datapath/bpf/exact_config.h"
#include "datapath/bpf_object.hpp"
#include "datapath/kernel_info.hpp"
#include "datapath/verifier_log.hpp"
#include "translator/codegen/chains.hpp"
#include "translator/codegen/record_programs.hpp"
#include "translator/placement.hpp"

#include <algorithm>
#include <fcntl.h>
#include <utility>

extern "C" {
extern const unsigned char xt_exact_object[];
extern const unsigned char xt_exact_object_end[];
}

namespace xtbpf {

namespace {

// Programs of exact.bpf.c.
const char* main_name(Hook hook) {
    switch (hook) {
    case Hook::Prerouting: return "xt_prerouting";
    case Hook::Input: return "xt_input";
    case Hook::Forward: return "xt_forward";
    case Hook::Output: return "xt_output";
    case Hook::Postrouting: return "xt_postrouting";
    }
    return "";
}

std::string again_name(Hook hook) { return std::string{main_name(hook)} + "_2"; }

// One object holds the programs of all hooks: what one of them needs, all fill in.
Result<void> fill(xt_exact_config& config, const ir::Table& table, const std::vector<HookPrograms>& hooks) {
    config.hz = kernel_clock().hz;
    config.ipv6 = table.family == Family::V6;
    for (const HookPrograms& hook : hooks) {
        const ViewNeeds needs = view_needs(table, hook.hook);
        if (!hook.needs.kernel_matches.empty())
            config.hand_ins = static_cast<std::uint8_t>(config.hand_ins | hook_bit(hook.hook));
        config.effects |= !hook.needs.effects.empty();
        config.names |= needs.in_name || needs.out_name;
        config.transport |= needs.transport;
        config.conntrack |= needs.conntrack || needs.conntrack_tuples || needs.conntrack_expiry;
        config.tuples |= needs.conntrack_tuples || needs.conntrack_expiry;
        config.owner |= needs.owner;
        config.mac |= needs.mac;
        config.packet_type |= needs.packet_type;
    }
    if (!config.conntrack) return {};
    const Result<std::uint32_t> type = nf_conn_type();
    if (!type) return std::unexpected(type.error());
    config.nf_conn_id = *type;
    return {};
}

Fd duplicate(int fd) { return Fd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)}; }

Result<void> load_side_programs(HookPrograms& hook, int records) {
    const auto load = [](Fd& into, const std::vector<bpf_insn>& insns, const char* name) -> Result<void> {
        Result<Fd> fd = load_socket_filter(insns, name);
        if (!fd) return std::unexpected(fd.error());
        into = std::move(*fd);
        return {};
    };
    Result<void> done;
    for (std::uint32_t number = 0; done && number < hook.needs.kernel_matches.size(); ++number) {
        done = load(hook.need.emplace_back(), codegen::need_program(records, number), "xt_need");
        if (done) done = load(hook.yes.emplace_back(), codegen::yes_program(records), "xt_yes");
    }
    for (std::uint32_t number = 0; done && number < hook.needs.effects.size(); ++number)
        done = load(hook.due.emplace_back(), codegen::due_program(records, number), "xt_due");
    if (done) done = load(hook.orphan, codegen::orphan_program(records), "xt_orphan");
    if (done) done = load(hook.accepts, codegen::accepts_program(records), "xt_accepts");
    return done;
}

} // namespace

anchor::HookPlan HookPrograms::plan() const {
    anchor::HookPlan plan{.hook = hook, .main = main.get(), .hand_ins = {}, .effects = {}};
    for (std::size_t number = 0; number < need.size(); ++number)
        plan.hand_ins.push_back({need[number].get(), needs.kernel_matches[number], yes[number].get()});
    for (std::size_t number = 0; number < due.size(); ++number)
        plan.effects.push_back({due[number].get(), needs.effects[number]});
    plan.again = again.get();
    plan.rounds = needs.rounds;
    plan.passes = needs.passes;
    plan.orphan = orphan.get();
    plan.accepts = accepts.get();
    return plan;
}

Result<ExactPrograms> load_exact(const ir::Table& table, const std::vector<int>& counters,
                                 const std::vector<int>& limits) {
    ExactPrograms programs;
    std::vector<codegen::Program> code;
    for (Hook hook : hooks_of(table.id)) {
        HookPrograms& one = programs.hooks.emplace_back();
        one.hook = hook;
        one.needs = hook_needs(table, hook);
        codegen::HookOptions options;
        options.clock = kernel_clock();
        Result<codegen::Program> compiled = codegen::compile_hook(table, hook, one.needs, options);
        if (!compiled) return std::unexpected(compiled.error());
        one.instructions = compiled->instructions();
        code.push_back(std::move(*compiled));
    }

    Result<BpfObject> object =
        BpfObject::open({xt_exact_object, static_cast<std::size_t>(xt_exact_object_end - xt_exact_object)}, "xt_exact");
    if (!object) return std::unexpected(object.error());
    auto& config = object->config<xt_exact_config>("config");
    Result<void> done = fill(config, table, programs.hooks);
    const bool recorded = config.hand_ins || config.effects;
    if (!recorded) object->leave_out_map("xt_records");
    if (std::ranges::none_of(code, [](const codegen::Program& one) { return one.deep; }))
        object->leave_out_map("xt_stacks");
    if (done) done = object->use_pages("xt_counters", counters);
    if (done) done = object->use_pages("xt_limits", limits);
    for (std::size_t index = 0; done && index < programs.hooks.size(); ++index) {
        const HookPrograms& hook = programs.hooks[index];
        done = object->include(main_name(hook.hook), "classify", {&code[index]});
        if (done && !hook.needs.kernel_matches.empty())
            done = object->include(again_name(hook.hook), "classify", {&code[index]});
    }
    if (done) done = object->load();
    if (!done) return std::unexpected(done.error());

    for (HookPrograms& hook : programs.hooks) {
        hook.main = duplicate(object->program(main_name(hook.hook)));
        if (!hook.needs.kernel_matches.empty()) hook.again = duplicate(object->program(again_name(hook.hook)));
        if (hook.needs.effects.empty() && hook.needs.kernel_matches.empty()) continue;
        if (done = load_side_programs(hook, object->map("xt_records")); !done) return std::unexpected(done.error());
    }
    return programs;
}

} // namespace xtbpf
