// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_check.hpp"

#include "translator/dry_run.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <vector>

namespace xtbpf::early {

namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::uint8_t kNoIp = 0x88; // first byte of the EtherType 0x88b5, for experiments (IEEE 802)

std::vector<std::uint8_t> frame(const xt_view& view) {
    std::vector<std::uint8_t> bytes(kEthernetHeader + sizeof view);
    bytes[kEthernetHeader - 2] = kNoIp;
    bytes[kEthernetHeader - 1] = 0xb5;
    std::memcpy(bytes.data() + kEthernetHeader, &view, sizeof view);
    return bytes;
}

Result<xt_early_question> answered(bool done, const xt_early_question& answer) {
    if (!done) return fail(ErrorKind::Refused, fmt::format("running an early program: {}", std::strerror(errno)));
    return answer;
}

Result<xt_early_question> ask_tc(int program, const xt_early_question& question,
                                 const std::vector<std::uint8_t>& data) {
    __sk_buff context{}, after{};
    std::memcpy(context.cb, &question, sizeof question);
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data.data(),
                .data_size_in = static_cast<std::uint32_t>(data.size()), .ctx_in = &context, .ctx_out = &after,
                .ctx_size_in = sizeof context, .ctx_size_out = sizeof after, .repeat = 1);
    const bool done = ::bpf_prog_test_run_opts(program, &options) == 0;
    xt_early_question answer{};
    std::memcpy(&answer, after.cb, sizeof answer);
    return answered(done, answer);
}

// The metadata goes before the frame, and comes back so.
Result<xt_early_question> ask_xdp(int program, const xt_early_question& question,
                                  const std::vector<std::uint8_t>& data) {
    std::vector<std::uint8_t> sent(sizeof question), back(sizeof question + data.size());
    std::memcpy(sent.data(), &question, sizeof question);
    sent.insert(sent.end(), data.begin(), data.end());
    xdp_md context{};
    context.data = sizeof question;
    context.data_end = static_cast<std::uint32_t>(sent.size());
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = sent.data(), .data_out = back.data(),
                .data_size_in = static_cast<std::uint32_t>(sent.size()),
                .data_size_out = static_cast<std::uint32_t>(back.size()), .ctx_in = &context,
                .ctx_size_in = sizeof context, .repeat = 1);
    const bool done = ::bpf_prog_test_run_opts(program, &options) == 0;
    xt_early_question answer{};
    std::memcpy(&answer, back.data(), sizeof answer);
    return answered(done, answer);
}

} // namespace

Result<Answer> dry_run(Place place, int program, Family family, Hook hook, const xt_view& view) {
    const xt_early_question question{XT_DRY_RUN_VIEW, family == Family::V4 ? 0U : 1U, hook == Hook::Input ? 0U : 1U};
    const auto data = frame(view);
    const auto answer = place == Place::Xdp ? ask_xdp(program, question, data) : ask_tc(program, question, data);
    if (!answer) return std::unexpected(answer.error());
    if (answer->magic == XT_EARLY_PASSES) return Answer{Says::Passes};
    if (answer->magic == XT_EARLY_DROPS) return Answer{Says::Drops, answer->family};
    return Answer{};
}

} // namespace xtbpf::early
