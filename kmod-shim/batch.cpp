// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod-shim/batch.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace xtbpf::anchor {

Batch::Batch(std::uint32_t generation) {
    nlmsghdr* header = begin_message(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
    mnl_attr_put_u32(header, NFNL_BATCH_GENID, htonl(generation));
    steps_.push_back({"commit the nf_tables transaction", {}});
}

nlmsghdr* Batch::begin_message(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::uint16_t resource) {
    end_message();
    if (bytes_.size() < used_ + kMaxMessage) bytes_.resize(2 * used_ + 2 * kMaxMessage);
    open_ = mnl_nlmsg_put_header(bytes_.data() + used_);
    open_->nlmsg_type = type;
    open_->nlmsg_flags = flags;
    open_->nlmsg_seq = static_cast<std::uint32_t>(steps_.size());
    auto* generic = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(open_, sizeof(nfgenmsg)));
    generic->nfgen_family = family;
    generic->version = NFNETLINK_V0;
    generic->res_id = htons(resource);
    return open_;
}

void Batch::end_message() {
    if (open_ == nullptr) return;
    used_ += MNL_ALIGN(open_->nlmsg_len);
    open_ = nullptr;
}

nlmsghdr* Batch::add(std::uint16_t type, std::uint16_t flags, Family family, std::string tried, std::string needs) {
    nlmsghdr* header = begin_message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type),
                                     static_cast<std::uint16_t>(NLM_F_REQUEST | flags), netlink_family(family), 0);
    steps_.push_back({std::move(tried), std::move(needs)});
    return header;
}

Error Batch::explain(const Answer& answer) const {
    const Step& step = steps_[std::min<std::size_t>(answer.sequence, steps_.size() - 1)];
    return refusal(step.tried, answer.error, answer.detail, step.needs);
}

Result<void> Batch::send(Socket& socket, Ending ending) {
    // Only the last message asks for an acknowledgement: it tells that the kernel went through all of them. (The end of
    // a batch is acknowledged only since Linux 6.10.)
    if (open_ == nullptr || empty()) return {};
    open_->nlmsg_flags |= NLM_F_ACK;
    // Without its end a batch is undone after all messages have been tried, and errors are reported the same
    // (net/netfilter/nfnetlink.c, nfnetlink_rcv_batch: status isn't NFNL_BATCH_DONE, so it calls ss->abort).
    if (ending == Ending::Commit)
        begin_message(NFNL_MSG_BATCH_END, NLM_F_REQUEST, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
    end_message();

    const auto answers = socket.deliver({bytes_.data(), used_});
    if (!answers) return std::unexpected(answers.error());
    // One failure makes later messages fail too: the first in the order of the batch is the cause. An error of the
    // commit itself carries the sequence number of the batch's begin.
    const Answer* first = nullptr;
    for (const Answer& answer : *answers)
        if (answer.error != 0 && (first == nullptr || answer.sequence < first->sequence)) first = &answer;
    if (first != nullptr) return std::unexpected(explain(*first));
    if (answers->empty()) return fail(ErrorKind::Refused, "the kernel did not answer an nf_tables transaction");
    return {};
}

} // namespace xtbpf::anchor
