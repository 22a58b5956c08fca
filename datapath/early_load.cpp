// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_load.hpp"

#include "datapath/bpf/early_config.h"
#include "datapath/bpf_object.hpp"
#include "datapath/early_program.hpp"
#include "datapath/kernel_info.hpp"

#include <asm/socket.h>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <future>
#include <sys/socket.h>

extern "C" {
extern const unsigned char xt_early_xdp_object[];
extern const unsigned char xt_early_xdp_object_end[];
extern const unsigned char xt_early_tc_object[];
extern const unsigned char xt_early_tc_object_end[];
}

namespace xtbpf::early {

namespace {

Result<BpfObject> open(Place place) {
    if (place == Place::Xdp)
        return BpfObject::open(
            {xt_early_xdp_object, static_cast<std::size_t>(xt_early_xdp_object_end - xt_early_xdp_object)},
            "xt_early_xdp");
    return BpfObject::open({xt_early_tc_object, static_cast<std::size_t>(xt_early_tc_object_end - xt_early_tc_object)},
                           "xt_early_tc");
}

Result<std::uint64_t> namespace_cookie() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (!socket || ::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0)
        return fail(ErrorKind::Refused,
                    fmt::format("can't tell the network namespace's cookie: {}", std::strerror(errno)));
    return cookie;
}

Result<void> fill(xt_early_config& config, const Code& code, const KernelTypes& kernel) {
    const auto cookie = namespace_cookie();
    if (!cookie) return std::unexpected(cookie.error());
    if (kernel.gro == 0) return fail(ErrorKind::Refused, "the kernel's BTF doesn't tell the device features");
    config.netns_cookie = *cookie;
    config.gro = kernel.gro;
    config.gro_udp = kernel.gro_udp;
    config.vlan_strip = kernel.vlan_strip;
    for (std::size_t family = 0; family < code.families.size(); ++family)
        config.linked[family] = code.families[family].linked;
    return {};
}

std::uint32_t first_page(const ir::Table& table) {
    const auto tables =
        static_cast<std::uint32_t>(table.family) * XT_EARLY_TABLES + static_cast<std::uint32_t>(table.id);
    return tables << XT_EARLY_PAGE_BITS;
}

// At once, and beside the loading: the kernel waits for running programs after each update of a map of maps.
Result<void> give_pages(int map, std::span<const TableInForce> tables) {
    std::vector<std::uint32_t> keys;
    std::vector<int> all;
    for (const TableInForce& one : tables) {
        std::uint32_t key = first_page(one.table);
        for (const int page : one.counters.fds()) {
            keys.push_back(key++);
            all.push_back(page);
        }
    }
    auto count = static_cast<std::uint32_t>(keys.size());
    LIBBPF_OPTS(bpf_map_batch_opts, options);
    if (count == 0 || bpf_map_update_batch(map, keys.data(), all.data(), &count, &options) == 0) return {};
    return fail(ErrorKind::Refused,
                fmt::format("can't give the early stage its counter pages: {}", std::strerror(errno)));
}

} // namespace

Code compile(std::span<const TableInForce> tables) {
    Code code;
    for (const Family family : {Family::V4, Family::V6}) {
        std::vector<ir::Table> own;
        for (const TableInForce& one : tables)
            if (one.table.family == family) own.push_back(one.table);
        code.families[static_cast<std::size_t>(family)] = early_code(own, kernel_clock());
    }
    return code;
}

Result<Fd> load(Place place, const Code& code, std::span<const TableInForce> tables) {
    const char* program = place == Place::Xdp ? kXdpProgram : kTcProgram;
    std::vector<const codegen::Program*> chains;
    for (const EarlyCode& family : code.families)
        for (const codegen::Program& chain : family.chains)
            chains.push_back(&chain);

    auto object = open(place);
    if (!object) return std::unexpected(object.error());
    Result<void> done = fill(object->config<xt_early_config>("config"), code, object->kernel());
    if (done) done = object->include(program, "xt_v4_raw_prerouting", std::move(chains));
    if (done) done = object->make_maps();
    if (!done) return std::unexpected(done.error());
    auto pages =
        std::async(std::launch::async | std::launch::deferred, give_pages, object->map("xt_early_pages"), tables);
    done = object->load();
    const Result<void> given = pages.get();
    if (done) done = given;
    if (done) done = set_switch(object->program(program), true);
    if (!done) return std::unexpected(done.error());
    return duplicate(object->program(program));
}

} // namespace xtbpf::early
