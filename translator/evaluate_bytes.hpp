// SPDX-License-Identifier: GPL-2.0-or-later
// The predicates of packet_tests.hpp against one packet; private to evaluate.cpp.
#pragma once

#include "translator/interpreter.hpp"

namespace xtbpf {

Outcome evaluate(const ir::BytesTest& test, const xt_view& view, std::span<const std::uint8_t> bytes);
Outcome evaluate(const ir::ExtensionTest& test, const xt_view& view, std::span<const std::uint8_t> bytes);
Outcome evaluate(const ir::TcpMssTest& test, const xt_view& view, std::span<const std::uint8_t> bytes);
Outcome evaluate(const ir::U32Test& test, std::span<const std::uint8_t> bytes);

} // namespace xtbpf
