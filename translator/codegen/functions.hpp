// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "translator/codegen/assembler.hpp"
#include "translator/codegen/program.hpp"
#include "translator/error.hpp"
#include "translator/tables.hpp"

#include <fmt/format.h>
#include <string>
#include <utility>

namespace xtbpf::codegen {

// An entry that leaves everything to a function of the runtime.
inline Result<Function> entry_to(const char* runtime, const std::string& name) {
    Assembler out(name);
    out.call(runtime);
    out.exit();
    return std::move(out).finish();
}

// The functions of one hook, as they are finished.
class Functions {
  public:
    explicit Functions(Hook hook) : hook_(hook) {}

    Result<void> add(Result<Function> function) {
        if (!function) return std::unexpected(function.error());
        total_ += function->insns.size();
        if (total_ > kMostInstructions)
            return fail(ErrorKind::Refused,
                        fmt::format("{} compiles to more than {} instructions", name(hook_), kMostInstructions));
        program_.functions.push_back(std::move(*function));
        return {};
    }
    Program take() && { return std::move(program_); }

  private:
    // The verifier's limit for the program as a whole (BPF_COMPLEXITY_LIMIT_INSNS), with room for revisited instructions.
    static constexpr std::size_t kMostInstructions = 900'000;

    Hook hook_;
    Program program_;
    std::size_t total_ = 0;
};

} // namespace xtbpf::codegen
