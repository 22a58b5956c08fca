// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/exact_programs.hpp"

#include "datapath/bpf/exact_config.h"
#include "datapath/bpf_object.hpp"
#include "datapath/early_stage.hpp"
#include "datapath/fitted_objects.hpp"
#include "datapath/kernel_info.hpp"
#include "datapath/mapping.hpp"
#include "datapath/verifier_log.hpp"
#include "translator/chains.hpp"
#include "translator/classify/room.hpp"
#include "translator/codegen/chains.hpp"
#include "translator/codegen/guards.hpp"
#include "translator/codegen/record_programs.hpp"
#include "translator/native_match.hpp"
#include "translator/placement.hpp"
#include "translator/record.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>
#include <string_view>
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
Result<void> fill(xt_exact_config& config, const KernelTypes& kernel, const ir::Table& table,
                  const std::vector<HookPrograms>& hooks) {
    config.hz = kernel_clock().hz;
    config.ipv6 = table.family == Family::V6;
    bool reads_connection = false; // by a match that the program answers
    for (const HookPrograms& hook : hooks) {
        const ViewNeeds needs = view_needs(table, hook.hook);
        // Rules may yet be put into a chain that is data.
        if (!hook.walked && table.chains[*builtin_chain(table, hook.hook)].rules.empty())
            config.bare |= static_cast<std::uint8_t>(hook_bit(hook.hook));
        config.stops |= hook.stops() != 0;
        if (hook.asks_out) config.out_need = static_cast<std::uint16_t>(hook.needs.kernel_matches.size() + 1);
        config.effects |= !hook.needs.effects.empty();
        config.names |= needs.in_name || needs.out_name;
        config.transport |= needs.transport || hook.walked; // rules to come may ask for it
        config.ext_headers |= needs.ext_headers;
        config.conntrack |= needs.conntrack || needs.conntrack_tuples || needs.conntrack_expiry;
        config.tuples |= needs.conntrack_tuples || needs.conntrack_expiry;
        config.owner |= needs.owner;
        config.mac |= needs.mac;
        config.packet_type |= needs.packet_type;
        for (const ir::KernelMatch& match : hook.needs.kernel_matches)
            if (const auto native = native_match(match)) reads_connection |= native->connection;
    }
    if (!config.conntrack && !reads_connection && config.out_need == 0) return {};
    config.nf_conn_id = kernel.nf_conn;
    if (config.conntrack && kernel.nf_conn == 0)
        return fail(ErrorKind::Refused,
                    "the kernel's BTF has no struct nf_conn: rules that ask for conntrack can't run");
    return {};
}

// XTBPF_CHAINS chooses by hand.
Result<std::uint64_t> most_code_from_environment() {
    const char* said = std::getenv("XTBPF_CHAINS");
    const std::string_view form = said == nullptr ? "" : said;
    if (form.empty()) return kMostCode;
    if (form == "code") return std::numeric_limits<std::uint64_t>::max();
    if (form == "data") return 0;
    return fail(ErrorKind::Refused, fmt::format("XTBPF_CHAINS is \"{}\", neither code nor data", form));
}

// Whether the route can have changed since the stack called the hook: mangle (ipt_mangle_out) and nat (nf_nat_ipv4_local_fn) look
// for another one, but all later tables are called with the old device.
bool may_be_rerouted(TableId table, Hook hook) {
    return hook == Hook::Output && table != TableId::Raw && table != TableId::Mangle;
}

// Rules can be edited in place where the early stage has none of them, and can't come to have any before the next commit.
constexpr std::size_t kLeastEdited = early::kMostRules + XT_MOST_EDITIONS;

std::optional<classify::RoomPlan> room_for(const ir::Table& table, const std::vector<HookPrograms>& hooks) {
    classify::RoomPlan plan;
    std::size_t rules = 0;
    for (const ir::Chain& chain : table.chains) {
        if (chain.builtin) plan.slots = std::max(plan.slots, chain.builtin->slot + 1);
        rules += chain.rules.size();
        for (const ir::Rule& rule : chain.rules)
            plan.slots = std::max(plan.slots, rule.slot + 1);
    }
    if (rules < kLeastEdited) return std::nullopt;
    plan.parts = XT_PART_TRANSPORT;
    bool asks = true;
    for (const HookPrograms& hook : hooks) {
        plan.parts |= classify::parts_of(view_needs(table, hook.hook));
        asks = asks && (hook.asks_out || !may_be_rerouted(table.id, hook.hook));
    }
    if (!asks) plan.parts &= ~std::uint32_t{XT_PART_OUT_NAME};
    return plan;
}

// Of the hooks whose chains are too long to be code. If rules can be edited in place, of all hooks, if that is possible: then each
// chain's can. Sets `walked` accordingly.
std::optional<classify::Image> make_image(const ir::Table& table, std::vector<HookPrograms>& hooks) {
    if (std::ranges::none_of(hooks, &HookPrograms::walked)) return std::nullopt;
    const std::optional<classify::RoomPlan> room = room_for(table, hooks);
    std::vector<classify::Root> all, needed;
    for (const HookPrograms& hook : hooks) {
        all.push_back({hook.hook, &hook.needs});
        if (hook.walked) needed.push_back(all.back());
    }
    std::optional<classify::Image> image = room ? classify::build_image(table, all, room) : std::nullopt;
    for (HookPrograms& hook : hooks)
        hook.walked = hook.walked || image;
    if (!image) image = classify::build_image(table, needed, room);
    for (HookPrograms& hook : hooks)
        hook.walked = hook.walked && image;
    return image;
}

std::span<const std::uint8_t> exact_object() {
    return {xt_exact_object, static_cast<std::size_t>(xt_exact_object_end - xt_exact_object)};
}

// Into its memory: a system call would copy it twice, into pages got for that.
Result<void> write_image(int map, std::span<const std::uint8_t> image) {
    auto mapping = Mapping::writable(map);
    if (!mapping) return std::unexpected(mapping.error());
    std::ranges::copy(image, mapping->writable_bytes().begin());
    return {};
}

// Beyond the life of `object`.
Result<void> hold(ExactPrograms& programs, const BpfObject& object, bool image) {
    Result<void> done;
    const auto keep = [&](Fd& into, int fd) {
        if (!done) return;
        auto copy = duplicate(fd);
        if (copy)
            into = std::move(*copy);
        else
            done = std::unexpected(copy.error());
    };
    if (image) keep(programs.image, object.map("xt_image"));
    for (HookPrograms& hook : programs.hooks) {
        if (hook.empty) continue;
        keep(hook.main, object.program(main_name(hook.hook)));
        if (hook.stops() != 0) keep(hook.again, object.program(again_name(hook.hook)));
    }
    return done;
}

Result<void> load_into(Fd& into, const std::vector<bpf_insn>& insns, const char* name) {
    Result<Fd> fd = load_socket_filter(insns, name);
    if (!fd) return std::unexpected(fd.error());
    into = std::move(*fd);
    return {};
}

Result<void> load_side(ExactPrograms& programs, int records) {
    std::size_t levels = 0;
    Result<void> done;
    for (HookPrograms& hook : programs.hooks) {
        if (!done || !hook.needs_kernel()) continue;
        const std::size_t effects = hook.needs.effects.size();
        levels = std::max(levels, anchor::step_levels(effects + hook.needs.kernel_matches.size() + hook.asks_out));
        done = load_into(hook.idle, codegen::idle_program(records, static_cast<std::uint32_t>(effects)), "xt_idle");
    }
    SidePrograms& side = programs.side;
    if (done) done = load_into(side.orphan, codegen::orphan_program(records), "xt_orphan");
    if (done) done = load_into(side.accepts, codegen::accepts_program(records), "xt_accepts");
    if (done) done = load_into(side.out, codegen::out_program(records), "xt_out");
    if (done) done = load_into(side.yes, codegen::yes_program(records), "xt_yes");
    static_assert(anchor::kStepDigits == 1U << codegen::kStepBits);
    for (unsigned level = 0; done && level < levels; ++level) {
        side.digits.emplace_back();
        for (std::uint32_t digit = 0; done && digit < anchor::kStepDigits; ++digit)
            done = load_into(side.digits[level][digit],
                             codegen::digit_program(records, level * codegen::kStepBits, digit), "xt_digit");
    }
    return done;
}

} // namespace

anchor::HookPlan ExactPrograms::plan(const HookPrograms& hook) const {
    anchor::HookPlan plan{.hook = hook.hook,
                          .main = hook.main.get(),
                          .effects = hook.needs.effects,
                          .hand_ins = hook.needs.kernel_matches};
    if (!hook.needs_kernel()) return plan;
    plan.stops = hook.stops();
    plan.passes = hook.needs.passes;
    plan.orphan = side.orphan.get();
    plan.idle = hook.idle.get();
    plan.accepts = side.accepts.get();
    plan.yes = side.yes.get();
    plan.again = hook.again.get();
    if (hook.asks_out) plan.out = side.out.get();
    for (const auto& level : side.digits)
        for (std::size_t digit = 0; digit < level.size(); ++digit) {
            if (digit == 0) plan.digits.emplace_back();
            plan.digits.back()[digit] = level[digit].get();
        }
    return plan;
}

Result<void> fit_exact() {
    const auto fitted = fitted_object(exact_object(), "xt_exact");
    if (!fitted) return std::unexpected(fitted.error());
    return {};
}

Result<ExactPrograms> load_exact(const ir::Table& table, const std::vector<int>& counters,
                                 const std::vector<int>& limits) {
    const auto most_code = most_code_from_environment();
    if (!most_code) return std::unexpected(most_code.error());
    return load_exact_coded(table, counters, limits, *most_code);
}

Result<ExactPrograms> load_exact_coded(const ir::Table& table, const std::vector<int>& counters,
                                       const std::vector<int>& limits, std::uint64_t most_code) {
    ExactPrograms programs;
    for (Hook hook : hooks_of(table.id)) {
        HookPrograms& one = programs.hooks.emplace_back();
        one.hook = hook;
        one.needs = hook_needs(table, hook);
        one.asks_out = may_be_rerouted(table.id, hook) && view_needs(table, hook).out_device;
        one.walked = codegen::code_size(table, hook) > most_code;
    }
    const std::optional<classify::Image> image = make_image(table, programs.hooks);
    std::vector<codegen::Program> code;
    for (HookPrograms& one : programs.hooks) {
        one.empty = !one.walked && accepts_all(table, one.hook);
        if (one.empty) {
            code.emplace_back();
            continue;
        }
        codegen::HookOptions options;
        options.clock = kernel_clock();
        Result<codegen::Program> compiled = one.walked ? codegen::compile_walk(table, one.hook, *image, options)
                                                       : codegen::compile_hook(table, one.hook, one.needs, options);
        if (!compiled) return std::unexpected(compiled.error());
        one.instructions = compiled->instructions();
        code.push_back(std::move(*compiled));
    }

    if (std::ranges::all_of(programs.hooks, &HookPrograms::empty)) return programs;

    Result<BpfObject> object = BpfObject::open(exact_object(), "xt_exact");
    if (!object) return std::unexpected(object.error());
    auto& config = object->config<xt_exact_config>("config");
    Result<void> done = fill(config, object->kernel(), table, programs.hooks);
    const bool recorded = config.stops || config.effects;
    if (!recorded) object->leave_out_map("xt_records");
    if (image) {
        config.image_bytes = static_cast<std::uint32_t>(image->bytes.size());
        programs.image_bytes = image->bytes.size();
        object->set_value_size("xt_image", config.image_bytes);
    } else {
        object->leave_out_map("xt_image");
    }
    if (std::ranges::none_of(code, [](const codegen::Program& one) { return one.deep; }))
        object->leave_out_map("xt_stacks");
    if (done) done = object->use_pages("xt_counters", counters);
    if (done) done = object->use_pages("xt_limits", limits);
    for (std::size_t index = 0; done && index < programs.hooks.size(); ++index) {
        const HookPrograms& hook = programs.hooks[index];
        if (hook.empty) continue;
        done = object->include(main_name(hook.hook), "classify", {&code[index]});
        if (done && hook.stops() != 0) done = object->include(again_name(hook.hook), "classify", {&code[index]});
    }
    if (done) done = object->load();
    if (done && image) done = write_image(object->map("xt_image"), image->bytes);
    if (done) done = hold(programs, *object, image.has_value());
    if (done && recorded) done = load_side(programs, object->map("xt_records"));
    if (!done) return std::unexpected(done.error());
    return programs;
}

} // namespace xtbpf
