// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/rtnetlink.hpp"

#include <cerrno>
#include <netlink/netlink.h>
#include <netlink/socket.h>

namespace xtbpf {

namespace {

struct CallbackFree {
    void operator()(nl_cb* callbacks) const { nl_cb_put(callbacks); }
};

struct Reception {
    const std::function<void(nlmsghdr*)>* each;
    int error = 0; // positive errno
    bool finished = false;
};

int on_valid(nl_msg* message, void* argument) {
    const auto& reception = *static_cast<Reception*>(argument);
    if (*reception.each) (*reception.each)(nlmsg_hdr(message));
    return NL_OK;
}

int on_end(nl_msg*, void* argument) {
    static_cast<Reception*>(argument)->finished = true;
    return NL_STOP;
}

// libnl folds many errno values into one code of its own; the kernel's number is in the message.
int on_error(sockaddr_nl*, nlmsgerr* answer, void* argument) {
    auto& reception = *static_cast<Reception*>(argument);
    reception.error = -answer->error;
    reception.finished = true;
    return NL_STOP;
}

} // namespace

void Rtnetlink::Close::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Result<Rtnetlink> Rtnetlink::open() {
    nl_sock* socket = nl_socket_alloc();
    if (socket == nullptr) return fail(ErrorKind::Refused, "rtnetlink: no memory for a socket");
    Rtnetlink made(socket);
    if (const int error = nl_connect(socket, NETLINK_ROUTE); error < 0)
        return fail(ErrorKind::Refused, std::string("rtnetlink: ") + nl_geterror(error));
    return made;
}

int Rtnetlink::receive(const std::function<void(nlmsghdr*)>& each) {
    const std::unique_ptr<nl_cb, CallbackFree> callbacks(nl_cb_alloc(NL_CB_DEFAULT));
    if (!callbacks) return ENOMEM;
    Reception reception{&each};
    nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_valid, &reception);
    nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_end, &reception);
    nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_end, &reception);
    nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &reception);
    while (!reception.finished)
        if (nl_recvmsgs(socket_.get(), callbacks.get()) < 0 && !reception.finished) return EIO;
    return reception.error;
}

int Rtnetlink::ask(nl_msg* message) {
    if (message == nullptr) return ENOMEM;
    if (nl_send_auto(socket_.get(), message) < 0) return EIO;
    return receive({});
}

int Rtnetlink::dump(nl_msg* request, const std::function<void(nlmsghdr*)>& each) {
    if (request == nullptr) return ENOMEM;
    nlmsg_hdr(request)->nlmsg_flags |= NLM_F_DUMP;
    if (nl_send_auto(socket_.get(), request) < 0) return EIO;
    return receive(each);
}

} // namespace xtbpf
