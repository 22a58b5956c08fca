// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/bpf_object.hpp"

#include "datapath/fitted_objects.hpp"
#include "datapath/linker.hpp"
#include "datapath/refusal.hpp"
#include "datapath/verifier_log.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace xtbpf {

namespace {

constexpr std::size_t kLog = 16 << 20; // what the verifier says of a program that it refuses

std::unexpected<Error> refused(std::string_view tried) { return std::unexpected(refusal(tried, errno)); }

Result<Fd> create(const std::string& name, const FittedMap& map, int inner) {
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = map.flags);
    if (inner >= 0) options.inner_map_fd = static_cast<std::uint32_t>(inner);
    Fd fd(bpf_map_create(static_cast<bpf_map_type>(map.type), name.c_str(), map.key_size, map.value_size,
                         map.max_entries, &options));
    if (!fd) return refused(fmt::format("make the map {}", name));
    return fd;
}

} // namespace

Result<BpfObject> BpfObject::open(std::span<const std::uint8_t> bytes, const char* name) {
    const auto fitted = fitted_object(bytes, name);
    if (!fitted) return std::unexpected(fitted.error());
    BpfObject object;
    object.fitted_ = *fitted;
    object.types_.reset(btf__new((*fitted)->types.data(), static_cast<std::uint32_t>((*fitted)->types.size())));
    if (!object.types_)
        return fail(ErrorKind::Refused,
                    fmt::format("reading the types of the BPF object {}: {}", name, std::strerror(errno)));
    for (const FittedMap& map : (*fitted)->maps)
        object.maps_.emplace_back().made = map;
    return object;
}

Result<void> BpfObject::include(const std::string& name, const char* like,
                                std::vector<const codegen::Program*> generated) {
    assert(std::ranges::find(fitted_->programs, name, &FittedProgram::name) != fitted_->programs.end());
    for (const codegen::Program* one : generated)
        if (Result<void> declared = declare(types_.get(), like, *one); !declared) return declared;
    included_[name] = std::move(generated);
    return {};
}

std::size_t BpfObject::number_of(std::string_view map) const {
    const auto found = std::ranges::find(fitted_->maps, map, &FittedMap::name);
    assert(found != fitted_->maps.end());
    return static_cast<std::size_t>(found - fitted_->maps.begin());
}

void BpfObject::use_map(std::string_view name, int fd) { maps_[number_of(name)].given = fd; }
void BpfObject::set_value_size(std::string_view map, std::uint32_t bytes) {
    maps_[number_of(map)].made.value_size = bytes;
}
void BpfObject::leave_out_map(std::string_view name) { maps_[number_of(name)].left = true; }

Result<void> BpfObject::use_pages(const std::string& prefix, const std::vector<int>& pages) {
    for (std::size_t index = 0;; ++index) {
        const std::string name = fmt::format("{}_{}", prefix, index);
        if (std::ranges::find(fitted_->maps, name, &FittedMap::name) == fitted_->maps.end()) {
            if (index < pages.size())
                return fail(ErrorKind::Refused, fmt::format("more than {} pages of {}", index, prefix));
            return {};
        }
        if (pages.empty())
            leave_out_map(name);
        else
            use_map(name, pages[index < pages.size() ? index : 0]);
    }
}

void* BpfObject::constant(const char* name, [[maybe_unused]] std::size_t size) {
    const auto rodata = std::ranges::find_if(maps_, [](const Map& map) { return map.made.name.ends_with(".rodata"); });
    assert(rodata != maps_.end());
    std::vector<std::uint8_t>& bytes = rodata->made.initial;
    const btf* types = types_.get();
    const std::int32_t section = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
    assert(section > 0);
    const btf_type* variables = btf__type_by_id(types, static_cast<std::uint32_t>(section));
    const btf_var_secinfo* variable = btf_var_secinfos(variables);
    for (std::uint32_t index = 0; index < btf_vlen(variables); ++index, ++variable) {
        const btf_type* type = btf__type_by_id(types, variable->type);
        if (std::string_view{btf__name_by_offset(types, type->name_off)} != name) continue;
        assert(variable->size == size && variable->offset + size <= bytes.size());
        return bytes.data() + variable->offset;
    }
    assert(!"the BPF object has no such constant");
    return nullptr;
}

Result<void> BpfObject::make_map(Map& map) {
    if (map.left || map.given >= 0 || map.fd) return {};
    const std::string name = map.made.name.substr(0, BPF_OBJ_NAME_LEN - 1);
    Fd inner;
    if (!map.made.inner.empty()) {
        auto like = create("xt_inner", map.made.inner.front(), -1);
        if (!like) return std::unexpected(like.error());
        inner = std::move(*like);
    }
    auto made = create(name, map.made, inner.get());
    if (!made) return std::unexpected(made.error());
    map.fd = std::move(*made);
    if (map.made.initial.empty()) return {};
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(map.fd.get(), &zero, map.made.initial.data(), BPF_ANY) != 0 ||
        ((map.made.flags & BPF_F_RDONLY_PROG) != 0 &&
         bpf_map_freeze(map.fd.get()) != 0)) // else not constant to the verifier
        return refused(fmt::format("write the map {}", name));
    return {};
}

Result<Fd> BpfObject::load_program(const FittedProgram& program, int types, const std::vector<Fd>& modules) {
    auto linked = link(program.name, fitted_->functions, types_.get(), included_.find(program.name)->second);
    if (!linked) return std::unexpected(linked.error());
    for (bpf_insn& insn : linked->insns) {
        if (!names_map(insn)) continue;
        const Map& map = maps_[static_cast<std::size_t>(insn.imm)];
        if (map.left)
            insn.src_reg = 0; // a number, which the verifier takes for no map
        else
            insn.imm = map.given >= 0 ? map.given : map.fd.get();
    }
    LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_btf_fd = static_cast<std::uint32_t>(types));
    options.func_info = linked->functions.data();
    options.func_info_cnt = static_cast<std::uint32_t>(linked->functions.size());
    options.func_info_rec_size = sizeof(bpf_func_info);
    std::vector<int> module_fds{0};
    for (const Fd& module : modules)
        module_fds.push_back(module.get());
    if (!modules.empty()) options.fd_array = module_fds.data();
    // Frames of several pages may come: without the flag the device's MTU could no longer be raised.
    if (program.type == BPF_PROG_TYPE_XDP) options.prog_flags = BPF_F_XDP_HAS_FRAGS;
    const std::string name = program.name.substr(0, BPF_OBJ_NAME_LEN - 1);
    const auto attempt = [&] {
        return Fd(bpf_prog_load(static_cast<bpf_prog_type>(program.type), name.c_str(), "GPL", linked->insns.data(),
                                linked->insns.size(), &options));
    };
    if (Fd loaded = attempt()) return loaded;
    const int error = errno;
    std::vector<char> log(kLog);
    options.log_buf = log.data();
    options.log_size = static_cast<std::uint32_t>(log.size());
    options.log_level = 1;
    if (Fd loaded = attempt()) return loaded; // it was refused for something passing
    Error said = refusal(fmt::format("load the BPF program {}", program.name), error);
    said.message += last_lines(log.data(), 12);
    return std::unexpected(std::move(said));
}

Result<void> BpfObject::make_maps() {
    for (Map& map : maps_)
        if (Result<void> made = make_map(map); !made) return made;
    return {};
}

Result<void> BpfObject::load() {
    if (Result<void> made = make_maps(); !made) return made;
    if (const int error = btf__load_into_kernel(types_.get()); error != 0)
        return std::unexpected(refusal(fmt::format("load the types of the BPF object {}", fitted_->name), -error));
    std::vector<Fd> modules;
    for (const std::uint32_t id : fitted_->modules)
        if (!modules.emplace_back(id == 0 ? -1 : bpf_btf_get_fd_by_id(id)) && id != 0)
            return refused("open a kernel module's types");
    for (const FittedProgram& program : fitted_->programs) {
        if (!included_.contains(program.name)) continue;
        auto loaded = load_program(program, btf__fd(types_.get()), modules);
        if (!loaded) return std::unexpected(loaded.error());
        programs_[program.name] = std::move(*loaded);
    }
    return {};
}

int BpfObject::program(std::string_view name) const { return programs_.find(name)->second.get(); }

int BpfObject::map(std::string_view name) const {
    const Map& map = maps_[number_of(name)];
    return map.given >= 0 ? map.given : map.fd.get();
}

} // namespace xtbpf
