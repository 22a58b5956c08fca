// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/early_tc.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string_view>

namespace xtbpf::early {

namespace {

// The highest number runs last; the kernel gives out priorities by itself only from 0xc000 downwards (tcf_auto_prio).
constexpr std::uint32_t kPriority = 0xffff;
constexpr std::uint32_t kHandle = 1;
constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
constexpr std::uint32_t kEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
// The filter's name says whose it is, and whether the qdisc under it is ours too.
constexpr const char* kName = "iptables-bpf";
constexpr const char* kNameWithQdisc = "iptables-bpf:clsact";

tcmsg header(int ifindex, std::uint32_t parent) {
    tcmsg made{};
    made.tcm_family = AF_UNSPEC;
    made.tcm_ifindex = ifindex;
    made.tcm_parent = parent;
    return made;
}

tcmsg our_filter(int ifindex) {
    tcmsg made = header(ifindex, kIngress);
    made.tcm_handle = kHandle;
    made.tcm_info = TC_H_MAKE(kPriority << 16, htons(ETH_P_ALL));
    return made;
}

int each_filter(Rtnetlink& rtnetlink, int ifindex, std::uint32_t parent,
                const std::function<void(const tcmsg&, nlattr**)>& each) {
    const NlMessage request = Rtnetlink::message(RTM_GETTFILTER, 0, header(ifindex, parent));
    return rtnetlink.dump(request.get(), [&](nlmsghdr* answer) {
        nlattr* attributes[TCA_MAX + 1];
        const auto* tc = static_cast<const tcmsg*>(nlmsg_data(answer));
        if (answer->nlmsg_type == RTM_NEWTFILTER && nlmsg_parse(answer, sizeof *tc, attributes, TCA_MAX, nullptr) == 0)
            each(*tc, attributes);
    });
}

int find_qdisc(Rtnetlink& rtnetlink, int ifindex, bool& found) {
    const NlMessage request = Rtnetlink::message(RTM_GETQDISC, 0, header(ifindex, 0));
    return rtnetlink.dump(request.get(), [&](nlmsghdr* answer) {
        const auto* tc = static_cast<const tcmsg*>(nlmsg_data(answer));
        if (answer->nlmsg_type == RTM_NEWQDISC && tc->tcm_ifindex == ifindex && tc->tcm_parent == TC_H_CLSACT)
            found = true;
    });
}

// What of a filter's attributes makes it ours; nullopt: it isn't.
std::optional<TcFilter> as_ours(const tcmsg& tc, nlattr** attributes) {
    if (attributes[TCA_KIND] == nullptr || attributes[TCA_OPTIONS] == nullptr || tc.tcm_handle != kHandle)
        return std::nullopt;
    if (std::strcmp(nla_get_string(attributes[TCA_KIND]), "bpf") != 0) return std::nullopt;
    nlattr* options[TCA_BPF_MAX + 1];
    if (nla_parse_nested(options, TCA_BPF_MAX, attributes[TCA_OPTIONS], nullptr) < 0) return std::nullopt;
    if (options[TCA_BPF_NAME] == nullptr || options[TCA_BPF_ID] == nullptr) return std::nullopt;
    const std::string_view name = nla_get_string(options[TCA_BPF_NAME]);
    if (name != kName && name != kNameWithQdisc) return std::nullopt;
    return TcFilter{nla_get_u32(options[TCA_BPF_ID]), name == kNameWithQdisc};
}

int change_qdisc(Rtnetlink& rtnetlink, int ifindex, int type, int flags) {
    tcmsg tc = header(ifindex, TC_H_CLSACT);
    tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    const NlMessage request = Rtnetlink::message(type, NLM_F_REQUEST | NLM_F_ACK | flags, tc);
    if (!request || nla_put_string(request.get(), TCA_KIND, "clsact") < 0) return ENOMEM;
    return rtnetlink.ask(request.get());
}

// Without NLM_F_EXCL an existing filter of this handle is replaced in one step (net/sched/cls_bpf.c, cls_bpf_change).
int put_filter(Rtnetlink& rtnetlink, int ifindex, const char* name, int program_fd) {
    const NlMessage request =
        Rtnetlink::message(RTM_NEWTFILTER, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, our_filter(ifindex));
    if (!request || nla_put_string(request.get(), TCA_KIND, "bpf") < 0) return ENOMEM;
    nlattr* options = nla_nest_start(request.get(), TCA_OPTIONS);
    if (options == nullptr || nla_put_u32(request.get(), TCA_BPF_FD, static_cast<std::uint32_t>(program_fd)) < 0 ||
        nla_put_string(request.get(), TCA_BPF_NAME, name) < 0 ||
        nla_put_u32(request.get(), TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0)
        return ENOMEM;
    nla_nest_end(request.get(), options);
    return rtnetlink.ask(request.get());
}

} // namespace

Result<TcIngress> inspect_tc(Rtnetlink& rtnetlink, int ifindex) {
    TcIngress found;
    int error = find_qdisc(rtnetlink, ifindex, found.qdisc);
    if (error == 0 && found.qdisc)
        error = each_filter(rtnetlink, ifindex, kIngress, [&](const tcmsg& tc, nlattr** attributes) {
            if (TC_H_MAJ(tc.tcm_info) >> 16 != kPriority) return;
            if (auto ours = as_ours(tc, attributes))
                found.ours = *ours;
            else if (tc.tcm_handle != 0) // a handle of 0 is the filter's chain itself
                found.last_taken = true;
        });
    if (error != 0)
        return fail(ErrorKind::Refused,
                    fmt::format("can't read tc filters of device {}: {}", ifindex, std::strerror(error)));
    return found;
}

int attach_tc(Rtnetlink& rtnetlink, int ifindex, const TcIngress& before, int program_fd) {
    bool made_qdisc = before.ours && before.ours->made_qdisc;
    if (!before.qdisc) {
        if (const int error = change_qdisc(rtnetlink, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL); error != 0)
            return error;
        made_qdisc = true;
    }
    const int error = put_filter(rtnetlink, ifindex, made_qdisc ? kNameWithQdisc : kName, program_fd);
    if (error != 0 && !before.qdisc) change_qdisc(rtnetlink, ifindex, RTM_DELQDISC, 0);
    return error;
}

int detach_tc(Rtnetlink& rtnetlink, int ifindex, const TcIngress& before) {
    if (!before.ours) return 0;
    const NlMessage request = Rtnetlink::message(RTM_DELTFILTER, NLM_F_REQUEST | NLM_F_ACK, our_filter(ifindex));
    if (!request || nla_put_string(request.get(), TCA_KIND, "bpf") < 0) return ENOMEM;
    if (const int error = rtnetlink.ask(request.get()); error != 0) return error;
    if (!before.ours->made_qdisc) return 0;

    bool others = false;
    const auto see = [&](const tcmsg&, nlattr**) { others = true; };
    if (each_filter(rtnetlink, ifindex, kIngress, see) != 0 || each_filter(rtnetlink, ifindex, kEgress, see) != 0 ||
        others)
        return 0;
    return change_qdisc(rtnetlink, ifindex, RTM_DELQDISC, 0);
}

} // namespace xtbpf::early
