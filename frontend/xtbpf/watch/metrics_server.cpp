// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/watch/metrics_server.hpp"

#include "frontend/numbers.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xtbpf::tool {

namespace {

constexpr int kBacklog = 16, kMostChildren = 8;
constexpr int kPatience = 5; // seconds, for a reader
constexpr std::size_t kLongestRequest = 8192;

std::unexpected<Error> refused(const std::string& where) {
    return fail(ErrorKind::Refused, fmt::format("can't listen on {}: {}", where, std::strerror(errno)));
}

Result<Fd> bound(const sockaddr* address, socklen_t length, const std::string& where) {
    Fd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    if (!socket) return refused(where);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.get(), address, length) != 0 || ::listen(socket.get(), kBacklog) != 0) return refused(where);
    return socket;
}

Result<Fd> listen_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(ErrorKind::BadParameter, fmt::format("the path {} is too long for a socket", path));
    path.copy(address.sun_path, path.size());
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
        const Fd other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int error =
            ::connect(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
        if (error == ECONNREFUSED) ::unlink(path.c_str()); // left by a former run
    }
    const mode_t before = ::umask(0117);
    auto socket = bound(reinterpret_cast<const sockaddr*>(&address), sizeof address, path);
    ::umask(before);
    return socket;
}

Result<Fd> listen_port(const std::string& where) {
    const std::size_t colon = where.rfind(':');
    const auto port = colon == std::string::npos ? std::nullopt : parse_number(where.substr(colon + 1), 1, 65535);
    std::string host = where.substr(0, colon == std::string::npos ? 0 : colon);
    if (!port) return fail(ErrorKind::BadParameter, fmt::format("{}: neither a path nor ADDRESS:PORT", where));
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1 && ntohl(v4.sin_addr.s_addr) >> 24 == 127) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(*port));
        return bound(reinterpret_cast<const sockaddr*>(&v4), sizeof v4, where);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<std::uint16_t>(*port));
        return bound(reinterpret_cast<const sockaddr*>(&v6), sizeof v6, where);
    }
    return fail(ErrorKind::BadParameter, fmt::format("{}: only loopback addresses are listened on", where));
}

std::string answer(std::string_view request, const std::function<std::string()>& text) {
    const auto reply = [](std::string_view status, std::string_view body) {
        return fmt::format("HTTP/1.0 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                           "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                           status, body.size(), body);
    };
    if (!request.starts_with("GET ")) return reply("405 Method Not Allowed", "GET only\n");
    const std::string_view path = request.substr(4, request.find_first_of(" ?\r\n", 4) - 4);
    if (path != "/metrics" && path != "/") return reply("404 Not Found", "see /metrics\n");
    return reply("200 OK", text());
}

void converse(int connection, const std::function<std::string()>& text) {
    const timeval patience{.tv_sec = kPatience, .tv_usec = 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < kLongestRequest) {
        char part[1024];
        const ssize_t got = ::recv(connection, part, sizeof part, 0);
        if (got <= 0) return;
        request.append(part, static_cast<std::size_t>(got));
    }
    const std::string reply = answer(request, text);
    for (std::string_view left = reply; !left.empty();) {
        const ssize_t sent = ::send(connection, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(sent));
    }
}

} // namespace

Result<MetricsServer> MetricsServer::listen(const std::string& where, std::function<std::string()> text) {
    auto socket = where.starts_with('/') ? listen_unix(where) : listen_port(where);
    if (!socket) return std::unexpected(socket.error());
    MetricsServer server;
    server.listening_ = std::move(*socket);
    server.text_ = std::move(text);
    return server;
}

void MetricsServer::serve() {
    static int children = 0;
    while (children > 0 && ::waitpid(-1, nullptr, WNOHANG) > 0)
        --children;
    const Fd connection(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection || children == kMostChildren) return; // the reader may come again
    const pid_t child = ::fork();
    if (child > 0) ++children;
    if (child != 0) return;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    converse(connection.get(), text_);
    ::_exit(0);
}

} // namespace xtbpf::tool
