// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/fitted_object.hpp"
#include "datapath/linker.hpp"
#include "datapath/refusal.hpp"
#include "datapath/verifier_log.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <mutex>
#include <optional>

namespace xtbpf {

namespace {

// libbpf shows a program as it will be loaded only to a handler, just before it loads it; one is registered for our sections,
// once per process. It takes what it is shown, and has libbpf load a program that does nothing instead.
struct Fitting {
    const bpf_object* object = nullptr;
    FittedObject fitted;
    std::string error;
    std::string messages; // libbpf's
};
thread_local Fitting* fitting = nullptr;

constexpr bpf_insn kNothing[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};

// Kernel functions in modules are named by an index into the file descriptors of the modules' BTF.
bool note_module(const bpf_prog_load_opts& options, std::int16_t index) {
    std::vector<std::uint32_t>& modules = fitting->fitted.modules;
    const auto number = static_cast<std::size_t>(index);
    if (modules.size() >= number && modules[number - 1] != 0) return true;
    bpf_btf_info info{};
    std::uint32_t size = sizeof info;
    if (options.fd_array == nullptr || bpf_obj_get_info_by_fd(options.fd_array[number], &info, &size) != 0)
        return false;
    modules.resize(std::max(modules.size(), number));
    modules[number - 1] = info.id;
    return true;
}

std::optional<std::int32_t> number_of_map(int fd) {
    std::int32_t number = 0;
    const bpf_map* map = nullptr;
    bpf_object__for_each_map(map, fitting->object) {
        if (bpf_map__fd(map) == fd) return number;
        ++number;
    }
    return std::nullopt;
}

bool failed(std::string why) {
    fitting->error = std::move(why);
    return false;
}

// From this process's file descriptors.
bool detach(FittedFunction& function, const bpf_prog_load_opts& options) {
    for (bpf_insn& insn : function.insns) {
        if (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_KFUNC_CALL && insn.off != 0 &&
            !note_module(options, insn.off))
            return failed("can't tell which kernel module a function is in");
        if (!names_map(insn)) continue;
        const std::optional<std::int32_t> map = number_of_map(insn.imm);
        if (!map) return failed(fmt::format("function {} names a map that isn't the object's", function.name));
        insn.imm = *map;
    }
    return true;
}

// The programs have most functions in common.
bool add(FittedFunction function) {
    std::vector<FittedFunction>& all = fitting->fitted.functions;
    const auto known = std::ranges::find(all, function.name, &FittedFunction::name);
    if (known == all.end()) {
        all.push_back(std::move(function));
        return true;
    }
    const std::size_t bytes = function.insns.size() * sizeof(bpf_insn);
    if (known->insns.size() == function.insns.size() &&
        std::memcmp(known->insns.data(), function.insns.data(), bytes) == 0)
        return true;
    return failed(fmt::format("the BPF object has two functions {}", function.name));
}

int take(bpf_program* program, bpf_prog_load_opts* options, long) {
    if (fitting == nullptr) return -EINVAL;
    const auto* functions = static_cast<const bpf_func_info*>(options->func_info);
    auto parts = take_apart({bpf_program__insns(program), bpf_program__insn_cnt(program)},
                            {functions, options->func_info_cnt}, bpf_object__btf(fitting->object));
    if (!parts) {
        fitting->error = parts.error().message;
        return -EINVAL;
    }
    fitting->fitted.programs.push_back(
        {bpf_program__name(program), static_cast<std::uint32_t>(bpf_program__type(program))});
    for (FittedFunction& part : *parts) {
        if (!detach(part, *options)) return -EINVAL;
        if (!add(std::move(part))) return -EINVAL;
    }
    options->func_info = options->line_info = nullptr;
    options->func_info_cnt = options->line_info_cnt = 0;
    return bpf_program__set_insns(program, const_cast<bpf_insn*>(kNothing), std::size(kNothing));
}

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || fitting == nullptr) return 0;
    char line[512];
    const int length =
        std::vsnprintf(line, sizeof line, format, arguments); // no program is verified here: lines are short
    fitting->messages += line;
    return length;
}

void register_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        libbpf_set_print(keep_message);
        LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = take);
        libbpf_register_prog_handler("xt_socket", BPF_PROG_TYPE_SOCKET_FILTER, {}, &handler);
        libbpf_register_prog_handler("xt_xdp", BPF_PROG_TYPE_XDP, {}, &handler);
        libbpf_register_prog_handler("xt_tc", BPF_PROG_TYPE_SCHED_CLS, {}, &handler);
    });
}

FittedMap described(const bpf_map* map) {
    FittedMap one;
    one.name = bpf_map__name(map);
    one.type = bpf_map__type(map);
    one.key_size = bpf_map__key_size(map);
    one.value_size = bpf_map__value_size(map);
    one.max_entries = bpf_map__max_entries(map);
    one.flags = bpf_map__map_flags(map);
    return one;
}

// Makes its maps small: they are needed only as long as libbpf works.
FittedMap take_map(bpf_map* map) {
    FittedMap one = described(map);
    if (const bpf_map* inner = bpf_map__inner_map(map)) one.inner.push_back(described(inner));
    if (bpf_map__is_internal(map)) {
        std::size_t size = 0;
        const auto* bytes = static_cast<const std::uint8_t*>(bpf_map__initial_value(map, &size));
        one.initial.assign(bytes, bytes + size);
    } else if (one.type == BPF_MAP_TYPE_ARRAY || one.type == BPF_MAP_TYPE_PERCPU_ARRAY) {
        bpf_map__set_max_entries(map, 1);
    }
    return one;
}

struct Close {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};

} // namespace

Result<FittedObject> fit(std::span<const std::uint8_t> elf, const char* name) {
    register_once();
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);
    const std::unique_ptr<bpf_object, Close> object(bpf_object__open_mem(elf.data(), elf.size(), &options));
    if (!object)
        return fail(ErrorKind::Refused, fmt::format("opening the BPF object {}: {}", name, std::strerror(errno)));
    const auto kernel = kernel_types();
    if (!kernel) return std::unexpected(kernel.error());
    Fitting state;
    state.fitted.name = name;
    state.fitted.kernel = *kernel;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object.get()) state.fitted.maps.push_back(take_map(map));

    state.object = object.get();
    fitting = &state;
    const int error = bpf_object__load(object.get());
    fitting = nullptr;
    if (!state.error.empty()) return fail(ErrorKind::Refused, state.error);
    if (error != 0) {
        Error said = refusal(fmt::format("fit the BPF object {} to the kernel", name), -error);
        said.message += last_lines(state.messages, 12);
        return std::unexpected(std::move(said));
    }
    std::uint32_t size = 0;
    const auto* types = static_cast<const std::uint8_t*>(btf__raw_data(bpf_object__btf(object.get()), &size));
    state.fitted.types.assign(types, types + size);
    return std::move(state.fitted);
}

} // namespace xtbpf
