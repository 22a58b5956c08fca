// SPDX-License-Identifier: GPL-2.0-or-later
// The chunk types of `-m sctp --chunk-types HOW LIST`, kept as the kernel has them.
#pragma once

#include "translator/error.hpp"
#include "translator/sctp_info.hpp"

#include <string>
#include <string_view>

namespace xtbpf {

SctpInfo no_sctp_chunks();

// Whether the chunks' flags are of chunks that there are.
bool sctp_flags_are_valid(const SctpInfo& chunks);

Result<SctpInfo> parse_sctp_chunks(std::string_view how, std::string_view list);

// " any DATA:Be,INIT"; numeric: " any 0x0000:Be,0x0001"
void append_sctp_chunks(std::string& out, const SctpInfo& chunks, bool numeric);

} // namespace xtbpf
