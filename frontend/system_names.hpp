// SPDX-License-Identifier: GPL-2.0-or-later
// The system's names: /etc/services, protocols, networks, passwd, group, as nsswitch.conf has them. Numbers are in host order.
// Several threads may ask at once: the functions of the C library that are asked keep their answers in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace xtbpf {

// An empty protocol: of any.
std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol);
std::optional<std::string> service_name(std::uint16_t port, const std::string& protocol);
std::optional<int> system_protocol(const std::string& name);
std::optional<std::string> system_protocol_name(int protocol);
std::optional<std::uint32_t> network_number(const std::string& name);
std::optional<std::string> network_name(std::uint32_t network);
std::optional<uid_t> user_id(const std::string& name);
std::optional<std::string> user_name(uid_t id);
std::optional<gid_t> group_id(const std::string& name);
std::optional<std::string> group_name(gid_t id);

} // namespace xtbpf
