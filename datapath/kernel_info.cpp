// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/kernel_info.hpp"

#include <bpf/btf.h>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <memory>

namespace xtbpf {

namespace {

struct FreeBtf {
    void operator()(btf* types) const { btf__free(types); }
};

// The struct that a function returns a pointer to; 0 if the function isn't there.
std::uint32_t returned_struct(const btf* types, const char* function) {
    const std::int32_t id = btf__find_by_name_kind(types, function, BTF_KIND_FUNC);
    if (id < 0) return 0;
    const btf_type* prototype = btf__type_by_id(types, btf__type_by_id(types, static_cast<std::uint32_t>(id))->type);
    const btf_type* pointer = btf__type_by_id(types, prototype->type);
    return btf_is_ptr(pointer) ? pointer->type : 0;
}

} // namespace

KernelClock kernel_clock() {
    timespec jiffy{};
    ::clock_getres(CLOCK_REALTIME_COARSE, &jiffy);
    const long nanoseconds = jiffy.tv_nsec > 0 ? jiffy.tv_nsec : 4'000'000;
    return {.hz = static_cast<std::uint32_t>((1'000'000'000L + nanoseconds / 2) / nanoseconds)};
}

Result<std::uint32_t> nf_conn_type() {
    const std::unique_ptr<btf, FreeBtf> types{btf__load_vmlinux_btf()};
    if (!types) return fail(ErrorKind::Refused, fmt::format("reading the kernel's BTF: {}", std::strerror(errno)));
    if (const std::uint32_t id = returned_struct(types.get(), "bpf_skb_ct_lookup"); id != 0) return id;
    const std::int32_t id = btf__find_by_name_kind(types.get(), "nf_conn", BTF_KIND_STRUCT);
    if (id < 0)
        return fail(ErrorKind::Refused,
                    "the kernel's BTF has no struct nf_conn: rules that ask for conntrack can't run");
    return static_cast<std::uint32_t>(id);
}

} // namespace xtbpf
