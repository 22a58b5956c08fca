// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/tap.hpp"

#include "datapath/bpf/exact_config.h"
#include "datapath/bpf_object.hpp"
#include "datapath/kernel_info.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

extern "C" {
extern const unsigned char xt_tap_object[];
extern const unsigned char xt_tap_object_end[];
}

namespace xtbpf {

namespace {

struct Side {
    bool behind = false; // the table
    bool passed = false; // tells only that a packet has passed
};

std::vector<Side> sides(TableId table, PacketTap::Where where) {
    if (where == PacketTap::Where::Around) return {{}, {.behind = true, .passed = true}};
    return {{.behind = where == PacketTap::Where::OfMarked && table == TableId::Raw}};
}

std::string program_name(Hook hook, Side side) {
    std::string out = side.passed ? "xt_passed_" : "xt_tap_";
    for (const char c : name(hook))
        out += static_cast<char>(c - 'A' + 'a');
    return out;
}

// Everything a rule can ask.
void fill(xt_exact_config& config, const KernelTypes& kernel, Family family) {
    config.hz = kernel_clock().hz;
    config.ipv6 = family == Family::V6;
    config.names = config.transport = config.ext_headers = config.owner = config.mac = config.packet_type = 1;
    if (kernel.nf_conn != 0) {
        config.conntrack = config.tuples = 1;
        config.nf_conn_id = kernel.nf_conn;
    }
}

} // namespace

void PacketTap::Free::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

int PacketTap::on_event(void* source, void* data, std::size_t size) {
    const auto& from = *static_cast<const Source*>(source);
    if (size <= sizeof(xt_tap_passed)) {
        xt_tap_passed passed{};
        std::memcpy(&passed, data, std::min(size, sizeof passed));
        if (from.passed != nullptr && *from.passed) (*from.passed)(from.family, passed);
        return 0;
    }
    xt_tap_event event{}; // the programs' view has no path
    if (size < offsetof(xt_tap_event, view) + offsetof(xt_view, path) || from.each == nullptr || !*from.each) return 0;
    std::memcpy(&event, data, std::min(size, sizeof event));
    (*from.each)(from.family, event);
    return 0;
}

Result<PacketTap> PacketTap::attach(const std::vector<std::pair<Family, TableId>>& tables, const xt_tap_filter& filter,
                                    Where where) {
    PacketTap out;
    std::vector<anchor::TapPoint> points;
    std::vector<Fd> programs;
    for (const auto& [family, table] : tables) {
        auto object =
            BpfObject::open({xt_tap_object, static_cast<std::size_t>(xt_tap_object_end - xt_tap_object)}, "xt_tap");
        if (!object) return std::unexpected(object.error());
        fill(object->config<xt_exact_config>("config"), object->kernel(), family);
        auto& own = object->config<xt_tap_filter>("filter");
        own = filter;
        own.table = static_cast<std::uint32_t>(table);
        own.marked = where == Where::OfMarked;
        const auto known = std::ranges::find(out.sources_, family, [](const auto& source) { return source->family; });
        Result<void> done;
        if (known != out.sources_.end()) {
            object->use_map("xt_tap_events", (*known)->events.get());
            object->use_map("xt_tap_lost", (*known)->lost.get());
        }
        for (const Side side : sides(table, where))
            for (const Hook hook : hooks_of(table))
                if (done) done = object->include(program_name(hook, side), "", {});
        if (done) done = object->load();
        if (!done) return std::unexpected(done.error());
        if (known == out.sources_.end()) {
            auto events = duplicate(object->map("xt_tap_events")), lost = duplicate(object->map("xt_tap_lost"));
            for (const Result<Fd>* map : {&events, &lost})
                if (!*map) return std::unexpected(map->error());
            out.sources_.push_back(
                std::make_unique<Source>(family, nullptr, nullptr, std::move(*events), std::move(*lost)));
        }
        for (const Side side : sides(table, where))
            for (const Hook hook : hooks_of(table)) {
                auto program = duplicate(object->program(program_name(hook, side)));
                if (!program) return std::unexpected(program.error());
                programs.push_back(std::move(*program));
                points.push_back({family, table, hook, side.behind, programs.back().get()});
            }
    }
    for (const auto& source : out.sources_) {
        int error = 0;
        if (!out.ring_) {
            out.ring_.reset(ring_buffer__new(source->events.get(), on_event, source.get(), nullptr));
            error = out.ring_ ? 0 : -errno;
        } else {
            error = ring_buffer__add(out.ring_.get(), source->events.get(), on_event, source.get());
        }
        if (error != 0) return fail(ErrorKind::Refused, fmt::format("read a ring buffer: {}", std::strerror(-error)));
    }
    auto tap = anchor::Tap::attach(points);
    if (!tap) return std::unexpected(tap.error());
    out.tap_.emplace(std::move(*tap));
    return out;
}

Result<void> PacketTap::wait(std::chrono::milliseconds patience, const OnPacket& each, const OnPassed& passed) {
    for (const auto& source : sources_) {
        source->each = &each;
        source->passed = &passed;
    }
    const int done = ring_buffer__poll(ring_.get(), static_cast<int>(patience.count()));
    if (done < 0 && done != -EINTR)
        return fail(ErrorKind::Refused, fmt::format("read a ring buffer: {}", std::strerror(-done)));
    return {};
}

std::uint64_t PacketTap::lost() const {
    std::uint64_t all = 0;
    for (const auto& source : sources_) {
        const std::uint32_t zero = 0;
        std::uint64_t lost = 0;
        if (bpf_map_lookup_elem(source->lost.get(), &zero, &lost) == 0) all += lost;
    }
    return all;
}

} // namespace xtbpf
