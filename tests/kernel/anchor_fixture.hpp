// SPDX-License-Identifier: GPL-2.0-or-later
// Plans for the filter table with tiny programs.
#pragma once

#include "kmod-shim/anchor.hpp"
#include "tests/kernel/datagrams.hpp"
#include "tests/kernel/scratch_namespace.hpp"
#include "tests/kernel/tiny_program.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <string>

namespace xtbpf::testing {

inline std::string output_of(const std::string& command) {
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string text;
    std::array<char, 4096> part;
    while (pipe && fgets(part.data(), part.size(), pipe.get()) != nullptr)
        text += part.data();
    return text;
}

class Anchor : public ScratchNamespace {
  protected:
    void SetUp() override {
        ScratchNamespace::SetUp();
        if (IsSkipped()) return;
        no_ = constant_program(0);
        yes_ = constant_program(1);
        if (!no_ || !yes_) GTEST_SKIP() << "BPF programs can't be loaded: " << std::strerror(errno);
    }

    // All hooks accept; change a hook's main program to drop.
    anchor::TablePlan accept_all(TableId table = TableId::Filter, Family family = Family::V4) const {
        anchor::TablePlan plan{.family = family, .table = table, .hooks = {}, .holder = no_.get(), .tag = {1, 2, 3}};
        for (const Hook hook : hooks_of(table))
            plan.hooks.push_back({.hook = hook, .main = no_.get(), .effects = {}, .hand_ins = {}});
        return plan;
    }

    static anchor::HookPlan& hook_of(anchor::TablePlan& plan, Hook hook) {
        for (anchor::HookPlan& candidate : plan.hooks)
            if (candidate.hook == hook) return candidate;
        std::abort();
    }

    static Result<void> commit(const anchor::TablePlan& plan) {
        const auto generation = anchor::generation_id();
        if (!generation) return std::unexpected(generation.error());
        return commit(plan, *generation);
    }
    static Result<void> commit(const anchor::TablePlan& plan, std::uint32_t generation) {
        auto socket = anchor::Socket::open();
        return socket ? anchor::commit(*socket, plan, generation) : std::unexpected(socket.error());
    }
    static Result<void> check(const anchor::TablePlan& plan, std::uint32_t generation) {
        auto socket = anchor::Socket::open();
        return socket ? anchor::check(*socket, plan, generation) : std::unexpected(socket.error());
    }

    Fd no_, yes_;
};

template <typename T>::testing::AssertionResult done(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().message;
}

} // namespace xtbpf::testing
