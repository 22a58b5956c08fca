// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/walk_program.hpp"

#include "translator/classify/walk.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
extern const unsigned char xt_walk_object[];
extern const unsigned char xt_walk_object_end[];
}

namespace xtbpf::testing {

namespace {

struct WalkConfig { // struct walk_config
    std::uint32_t image_bytes, ipv6, walks;
};

std::unexpected<Error> failed(const char* what, int error) {
    return fail(ErrorKind::Refused, fmt::format("{}: {}", what, std::strerror(error)));
}

} // namespace

Result<WalkProgram> WalkProgram::load(const classify::Image& image, std::span<const xt_view> views, bool walks) {
    if (std::getenv("XTBPF_LIBBPF_LOG") == nullptr) libbpf_set_print(nullptr);
    WalkProgram program;
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "xt_walk");
    program.object_.reset(
        bpf_object__open_mem(xt_walk_object, static_cast<std::size_t>(xt_walk_object_end - xt_walk_object), &options));
    if (!program.object_) return failed("opening the object", errno);
    bpf_object* object = program.object_.get();
    program.packets_ = static_cast<std::uint32_t>(views.size());
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        const std::string_view name = bpf_map__name(map);
        if (name.starts_with("xt_counters") || name.starts_with("xt_limits")) bpf_map__set_max_entries(map, 1);
        if (name == "views" || name == "results") bpf_map__set_max_entries(map, program.packets_);
        if (name == "xt_image") bpf_map__set_value_size(map, static_cast<std::uint32_t>(image.bytes.size()));
        if (name.ends_with(".rodata")) {
            const WalkConfig config{static_cast<std::uint32_t>(image.bytes.size()), image.family == Family::V6, walks};
            std::size_t size = 0;
            auto* data = static_cast<std::uint8_t*>(const_cast<void*>(bpf_map__initial_value(map, &size)));
            // The one struct whose first word is XT's default size.
            for (std::size_t at = 0; at + sizeof config <= size; at += 4) {
                WalkConfig found;
                std::memcpy(&found, data + at, sizeof found);
                if (found.image_bytes == 4096 && found.ipv6 == 0 && found.walks == 0)
                    std::memcpy(data + at, &config, sizeof config);
            }
        }
    }
    if (const int error = bpf_object__load(object); error != 0) return failed("loading the program", -error);
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "xt_image"), &zero, image.bytes.data(), BPF_ANY) !=
        0)
        return failed("writing the image", errno);
    for (std::uint32_t number = 0; number < program.packets_; ++number)
        if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "views"), &number, &views[number], BPF_ANY) !=
            0)
            return failed("writing a packet", errno);
    return program;
}

Result<double> WalkProgram::run(std::uint32_t repeat) {
    const std::vector<std::uint8_t> data(64);
    __sk_buff context{};
    context.mark = packets_;
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data.data(),
                .data_size_in = static_cast<std::uint32_t>(data.size()), .ctx_in = &context,
                .ctx_size_in = sizeof context, .repeat = static_cast<int>(repeat));
    const int program = bpf_program__fd(bpf_object__find_program_by_name(object_.get(), "walk"));
    if (bpf_prog_test_run_opts(program, &options) != 0) return failed("running the program", errno);
    return static_cast<double>(options.duration) / packets_;
}

std::vector<std::uint32_t> WalkProgram::results() const {
    std::vector<std::uint32_t> results(packets_);
    const int map = bpf_object__find_map_fd_by_name(object_.get(), "results");
    for (std::uint32_t number = 0; number < packets_; ++number)
        bpf_map_lookup_elem(map, &number, &results[number]);
    return results;
}

std::uint32_t walk_result(const classify::Image& image, const xt_view& packet) {
    xt_view view = packet;
    view.path_hash = view.effect_hash = 0;
    const classify::Helpers helpers{
        .guard = [](const classify::Guard&) -> int { return XT_DROP; },
        .effect = [&](std::uint32_t number) { view.effect_hash = xt_path_mix(view.effect_hash, number); },
        .pause = [] { return true; }};
    return xt_dry_result(&view, static_cast<std::uint32_t>(classify::walk(image, view, helpers).result));
}

} // namespace xtbpf::testing
