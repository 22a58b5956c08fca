// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/system_names.hpp"

#include <arpa/inet.h>
#include <grp.h>
#include <mutex>
#include <netdb.h>
#include <pwd.h>

namespace xtbpf {

namespace {

// What `found`, the C library's entry, says, before another thread asks for the next one.
template <typename Ask, typename Read> auto looked_up(Ask ask, Read read) -> std::optional<decltype(read(*ask()))> {
    static std::mutex one_at_a_time;
    const std::scoped_lock lock(one_at_a_time);
    if (const auto* found = ask()) return read(*found);
    return std::nullopt;
}

const char* or_any(const std::string& protocol) { return protocol.empty() ? nullptr : protocol.c_str(); }

} // namespace

std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) {
    return looked_up([&] { return getservbyname(name.c_str(), or_any(protocol)); },
                     [](const servent& found) { return ntohs(static_cast<std::uint16_t>(found.s_port)); });
}

std::optional<std::string> service_name(std::uint16_t port, const std::string& protocol) {
    return looked_up([&] { return getservbyport(htons(port), or_any(protocol)); },
                     [](const servent& found) { return std::string(found.s_name); });
}

std::optional<int> system_protocol(const std::string& name) {
    return looked_up([&] { return getprotobyname(name.c_str()); }, [](const protoent& found) { return found.p_proto; });
}

std::optional<std::string> system_protocol_name(int protocol) {
    return looked_up([&] { return getprotobynumber(protocol); },
                     [](const protoent& found) { return std::string(found.p_name); });
}

std::optional<std::uint32_t> network_number(const std::string& name) {
    return looked_up([&] { return getnetbyname(name.c_str()); }, [](const netent& found) { return found.n_net; });
}

std::optional<std::string> network_name(std::uint32_t network) {
    return looked_up([&] { return getnetbyaddr(network, AF_INET); },
                     [](const netent& found) { return std::string(found.n_name); });
}

std::optional<uid_t> user_id(const std::string& name) {
    return looked_up([&] { return getpwnam(name.c_str()); }, [](const passwd& found) { return found.pw_uid; });
}

std::optional<std::string> user_name(uid_t id) {
    return looked_up([&] { return getpwuid(id); }, [](const passwd& found) { return std::string(found.pw_name); });
}

std::optional<gid_t> group_id(const std::string& name) {
    return looked_up([&] { return getgrnam(name.c_str()); }, [](const group& found) { return found.gr_gid; });
}

std::optional<std::string> group_name(gid_t id) {
    return looked_up([&] { return getgrgid(id); }, [](const group& found) { return std::string(found.gr_name); });
}

} // namespace xtbpf
