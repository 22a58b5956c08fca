// SPDX-License-Identifier: GPL-2.0-or-later
// Walks through an image in the kernel: tests/bpf/walk.bpf.c, loaded for one image.
#pragma once

#include "translator/classify/classify.hpp"
#include "translator/error.hpp"

#include <bpf/libbpf.h>
#include <memory>
#include <span>
#include <vector>

namespace xtbpf::testing {

class WalkProgram {
  public:
    // Without `walks` the program does everything else.
    static Result<WalkProgram> load(const classify::Image& image, std::span<const xt_view> views, bool walks = true);

    // One round over the packets, `repeat` times. Returns nanoseconds per packet.
    Result<double> run(std::uint32_t repeat = 1);

    // Of the last round, by packet: xt_dry_result. Guards drop.
    std::vector<std::uint32_t> results() const;

  private:
    struct Close {
        void operator()(bpf_object* object) const { bpf_object__close(object); }
    };
    std::unique_ptr<bpf_object, Close> object_;
    std::uint32_t packets_ = 0;
};

// The same outside the kernel.
std::uint32_t walk_result(const classify::Image& image, const xt_view& view);

} // namespace xtbpf::testing
