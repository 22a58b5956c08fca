// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/netlink.hpp"

#include "kmod-shim/attributes.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <utility>

namespace xtbpf::anchor {

namespace {

constexpr std::size_t kReceive =
    64 * 1024; // the kernel fills up to 32 KiB per part of a dump if the reader has the room
constexpr int kDumpTries = 50;

Answer answer_of(const nlmsghdr* header) {
    const auto* report = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
    Answer answer{.sequence = header->nlmsg_seq, .error = -report->error, .detail = {}};
    if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return answer;
    // Attributes follow the echo of the request, which is cut to its header if NLM_F_CAPPED.
    std::size_t offset = sizeof(nlmsgerr);
    if ((header->nlmsg_flags & NLM_F_CAPPED) == 0) offset += report->msg.nlmsg_len - sizeof(nlmsghdr);
    for_attributes(header, MNL_ALIGN(offset), [&](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
            answer.detail = mnl_attr_get_str(attribute);
    });
    return answer;
}

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

} // namespace

std::uint8_t netlink_family(Family family) { return family == Family::V4 ? NFPROTO_IPV4 : NFPROTO_IPV6; }

Error refusal(std::string_view tried, int error, std::string_view detail, std::string_view needs) {
    // The words of iptables (libiptc/libiptc.c, iptc_strerror) where it has some.
    if (error == EPERM) return {ErrorKind::Denied, "Permission denied (you must be root)"};
    if (error == ERESTART)
        return {ErrorKind::Overtaken, fmt::format("{}: another program has changed nf_tables in the meantime", tried)};
    // nfnetlink_rcv_batch and nfnetlink_rcv_msg, when the subsystem isn't there or doesn't take batches.
    if (error == EOPNOTSUPP && needs.empty())
        return {ErrorKind::TableUnavailable,
                fmt::format("{}: the kernel has no nf_tables (do you need to insmod nf_tables?)", tried)};
    std::string text = fmt::format("{}: {}", tried, std::strerror(error));
    if (!detail.empty()) text += fmt::format(" ({})", detail);
    if ((error == ENOENT || error == EOPNOTSUPP) && !needs.empty())
        text += fmt::format(": do you need to insmod {}?", needs);
    return {ErrorKind::Refused, std::move(text)};
}

Result<Socket> Socket::open() {
    mnl_socket* socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (socket == nullptr) {
        if (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT)
            return fail(ErrorKind::TableUnavailable, "the kernel has no nfnetlink (do you need to insmod nfnetlink?)");
        return std::unexpected(refusal("open a netlink socket", errno));
    }
    Socket opened(socket);
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0)
        return std::unexpected(refusal("bind a netlink socket", errno));
    // Errors carry the kernel's words, and not the whole message they are about (absent before Linux 4.12: not needed).
    set_option(mnl_socket_get_fd(socket), SOL_NETLINK, NETLINK_EXT_ACK, 1);
    set_option(mnl_socket_get_fd(socket), SOL_NETLINK, NETLINK_CAP_ACK, 1);
    set_option(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20);
    return opened;
}

Socket::Socket(Socket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}

Socket::~Socket() {
    if (socket_ != nullptr) mnl_socket_close(socket_);
}

Result<std::vector<std::vector<std::uint8_t>>> Socket::ask(nlmsghdr* request, std::string_view tried) {
    std::vector<std::uint8_t> buffer(kReceive);
    const bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    for (int attempt = 0; attempt < kDumpTries; ++attempt) {
        std::vector<std::vector<std::uint8_t>> messages;
        bool interrupted = false;
        request->nlmsg_seq++;
        if (mnl_socket_sendto(socket_, request, request->nlmsg_len) < 0) return std::unexpected(refusal(tried, errno));
        for (bool done = false; !done;) {
            const ssize_t received = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
            if (received < 0 && errno == EINTR) continue;
            if (received < 0) return std::unexpected(refusal(tried, errno));
            int left = static_cast<int>(received);
            const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
            for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
                if (header->nlmsg_seq != request->nlmsg_seq) continue;
                if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
                if (header->nlmsg_type == NLMSG_ERROR) {
                    const Answer answer = answer_of(header);
                    // nfnetlink_rcv_msg says EINVAL where a batch would get EOPNOTSUPP: there is no nf_tables.
                    const int error = answer.error == EINVAL ? EOPNOTSUPP : answer.error;
                    if (error != 0) return std::unexpected(refusal(tried, error, answer.detail));
                    done = true;
                } else if (header->nlmsg_type == NLMSG_DONE) {
                    done = true;
                } else {
                    const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
                    messages.emplace_back(bytes, bytes + header->nlmsg_len);
                    done = !dump;
                }
            }
        }
        if (!interrupted) return messages;
    }
    return fail(ErrorKind::Overtaken, fmt::format("{}: other programs keep changing nf_tables", tried));
}

Result<std::vector<Answer>> Socket::deliver(std::span<const std::uint8_t> batch) {
    const int fd = mnl_socket_get_fd(socket_);
    // netlink_sendmsg refuses what is longer than the send buffer (af_netlink.c); SO_SNDBUFFORCE doubles the value
    // itself.
    set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, static_cast<int>(batch.size() + 4096));
    ssize_t sent;
    do
        sent = mnl_socket_sendto(socket_, batch.data(), batch.size());
    while (sent < 0 && errno == EINTR);
    if (sent < 0) return std::unexpected(refusal("send an nf_tables batch", errno));

    // The kernel works inside sendmsg, so all answers are there by now. ENOBUFS: it had more to say than there was room
    // for; the first errors are kept.
    std::vector<Answer> answers;
    std::vector<std::uint8_t> buffer(kReceive);
    for (;;) {
        const ssize_t received = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (received < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
        if (received < 0 && errno == EAGAIN) return answers;
        if (received < 0) return std::unexpected(refusal("read the answer to an nf_tables batch", errno));
        int left = static_cast<int>(received);
        const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left))
            if (header->nlmsg_type == NLMSG_ERROR) answers.push_back(answer_of(header));
    }
}

} // namespace xtbpf::anchor
