// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/bpf_object.hpp"

#include "datapath/linker.hpp"
#include "datapath/refusal.hpp"
#include "datapath/verifier_log.hpp"

#include <bpf/bpf.h>
#include <cassert>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <mutex>

namespace xtbpf {

namespace {

// libbpf hands a program over just before it loads it, through a handler registered once per process for our section. What
// the handler needs of the object being loaded is kept here.
struct Loading {
    const btf* types = nullptr;
    const std::map<std::string, std::vector<const codegen::Program*>>* generated = nullptr; // by program
    std::vector<bpf_func_info> functions; // of the program being loaded: must live until libbpf has loaded it
    std::string error;
    std::string messages; // what libbpf and the verifier said
};
thread_local Loading* loading = nullptr;

int prepare(bpf_program* program, bpf_prog_load_opts* options, long) {
    if (loading == nullptr) return -EINVAL;
    const auto generated = loading->generated->find(bpf_program__name(program));
    if (generated == loading->generated->end()) return 0;
    // Frames of several pages may come: without the flag the device's MTU could no longer be raised.
    if (bpf_program__type(program) == BPF_PROG_TYPE_XDP) options->prog_flags |= BPF_F_XDP_HAS_FRAGS;
    const Result<Image> image = link({bpf_program__insns(program), bpf_program__insn_cnt(program)},
                                     {static_cast<const bpf_func_info*>(options->func_info), options->func_info_cnt},
                                     loading->types, generated->second);
    if (!image) {
        loading->error = image.error().message;
        return -EINVAL;
    }
    loading->functions = image->functions;
    options->func_info = loading->functions.data();
    options->func_info_cnt = static_cast<std::uint32_t>(loading->functions.size());
    options->line_info = nullptr; // it tells of the instructions as they were
    options->line_info_cnt = 0;
    return bpf_program__set_insns(program, const_cast<bpf_insn*>(image->insns.data()), image->insns.size());
}

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || loading == nullptr) return 0;
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, arguments); // a verifier log may take megabytes
    if (length > 0) {
        std::string& messages = loading->messages;
        const std::size_t before = messages.size();
        messages.resize(before + static_cast<std::size_t>(length) + 1);
        std::vsnprintf(messages.data() + before, static_cast<std::size_t>(length) + 1, format, again);
        messages.pop_back();
    }
    va_end(again);
    return length;
}

void register_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        libbpf_set_print(keep_message);
        LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = prepare);
        libbpf_register_prog_handler("xt_socket", BPF_PROG_TYPE_SOCKET_FILTER, {}, &handler);
        libbpf_register_prog_handler("xt_xdp", BPF_PROG_TYPE_XDP, {}, &handler);
        libbpf_register_prog_handler("xt_tc", BPF_PROG_TYPE_SCHED_CLS, {}, &handler);
    });
}

} // namespace

Result<BpfObject> BpfObject::open(std::span<const std::uint8_t> bytes, const char* name) {
    register_once();
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);
    BpfObject object;
    object.object_.reset(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
    if (!object.object_)
        return fail(ErrorKind::Refused, fmt::format("opening the BPF object {}: {}", name, std::strerror(errno)));
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.object_.get()) bpf_program__set_autoload(program, false);
    return object;
}

Result<void> BpfObject::include(const std::string& name, const char* like,
                                std::vector<const codegen::Program*> generated) {
    bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
    assert(program != nullptr);
    bpf_program__set_autoload(program, true);
    for (const codegen::Program* one : generated)
        if (Result<void> declared = declare(bpf_object__btf(object_.get()), like, *one); !declared) return declared;
    generated_[name] = std::move(generated);
    return {};
}

Result<void> BpfObject::use_map(const std::string& name, int fd) {
    bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
    assert(map != nullptr);
    if (const int error = bpf_map__reuse_fd(map, fd); error != 0)
        return fail(ErrorKind::Refused, fmt::format("using the map {}: {}", name, std::strerror(-error)));
    return {};
}

void BpfObject::set_value_size(const std::string& map, std::uint32_t bytes) {
    bpf_map__set_value_size(bpf_object__find_map_by_name(object_.get(), map.c_str()), bytes);
}

void BpfObject::leave_out_map(const std::string& name) {
    bpf_map__set_autocreate(bpf_object__find_map_by_name(object_.get(), name.c_str()), false);
}

Result<void> BpfObject::use_pages(const std::string& prefix, const std::vector<int>& pages) {
    for (std::size_t index = 0;; ++index) {
        const std::string name = fmt::format("{}_{}", prefix, index);
        bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
        if (map == nullptr) {
            if (index < pages.size())
                return fail(ErrorKind::Refused, fmt::format("more than {} pages of {}", index, prefix));
            return {};
        }
        if (pages.empty()) {
            leave_out_map(name);
        } else if (Result<void> used = use_map(name, pages[index < pages.size() ? index : 0]); !used) {
            return used;
        }
    }
}

void* BpfObject::constant(const char* name, [[maybe_unused]] std::size_t size) {
    bpf_map* rodata = nullptr;
    bpf_object__for_each_map(rodata, object_.get()) {
        const std::string_view map_name = bpf_map__name(rodata);
        if (map_name.ends_with(".rodata")) break;
    }
    assert(rodata != nullptr);
    const btf* types = bpf_object__btf(object_.get());
    const std::int32_t section = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
    assert(section > 0);
    const btf_type* variables = btf__type_by_id(types, static_cast<std::uint32_t>(section));
    std::size_t available = 0;
    auto* bytes = static_cast<std::uint8_t*>(const_cast<void*>(bpf_map__initial_value(rodata, &available)));
    const btf_var_secinfo* variable = btf_var_secinfos(variables);
    for (std::uint32_t index = 0; index < btf_vlen(variables); ++index, ++variable) {
        const btf_type* type = btf__type_by_id(types, variable->type);
        if (std::string_view{btf__name_by_offset(types, type->name_off)} != name) continue;
        assert(variable->size == size && variable->offset + size <= available);
        return bytes + variable->offset;
    }
    assert(!"the BPF object has no such constant");
    return nullptr;
}

Result<void> BpfObject::load() {
    Loading state{.types = bpf_object__btf(object_.get()),
                  .generated = &generated_,
                  .functions = {},
                  .error = {},
                  .messages = {}};
    loading = &state;
    const int error = bpf_object__load(object_.get());
    loading = nullptr;
    if (error == 0) return {};
    if (!state.error.empty()) return fail(ErrorKind::Refused, state.error);
    Error said = refusal("load the BPF programs", -error);
    said.message += last_lines(state.messages, 12);
    return std::unexpected(std::move(said));
}

int BpfObject::program(const std::string& name) const {
    return bpf_program__fd(bpf_object__find_program_by_name(object_.get(), name.c_str()));
}

int BpfObject::map(const std::string& name) const {
    return bpf_map__fd(bpf_object__find_map_by_name(object_.get(), name.c_str()));
}

Result<void> BpfObject::set_value(const std::string& map, std::span<const std::uint8_t> bytes) {
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(this->map(map), &zero, bytes.data(), BPF_ANY) == 0) return {};
    return fail(ErrorKind::Refused, fmt::format("writing the map {}: {}", map, std::strerror(errno)));
}

} // namespace xtbpf
