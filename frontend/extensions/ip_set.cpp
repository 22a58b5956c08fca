// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/ip_set.hpp"

#include "frontend/extensions/quoted.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>

namespace xtbpf {

namespace {

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

// The name is short enough: parse_set_use sees to it.
template <typename Request> void fill_in(Request& request, unsigned op, unsigned version, std::string_view name) {
    request.op = op;
    request.version = version;
    std::memcpy(request.set.name, name.data(), name.size());
}

// libxt_set.h, get_version and get_set_byname; net/netfilter/ipset/ip_set_core.c, ip_set_sockfn_get
class KernelSetIndex final : public SetIndex {
  public:
    KernelSetIndex() = default;
    KernelSetIndex(const KernelSetIndex&) = delete;
    KernelSetIndex& operator=(const KernelSetIndex&) = delete;
    ~KernelSetIndex() override {
        if (socket_ >= 0) close(socket_);
    }

    Result<std::optional<IpSet>> find(std::string_view name) override {
        if (auto opened = open(); !opened) return std::unexpected(opened.error());
        ip_set_req_get_set_family request{};
        fill_in(request, IP_SET_OP_GET_FNAME, version_, name);
        if (const int error = ask(request); error == EBADMSG)
            return find_by_name_only(name); // a kernel before 3.13 can't tell the family
        else if (error != 0)
            return failed(error);
        if (request.set.index == IPSET_INVALID_ID) return std::nullopt;
        IpSet found{request.set.index};
        if (request.family != NFPROTO_UNSPEC) found.family = request.family == NFPROTO_IPV4 ? Family::V4 : Family::V6;
        return found;
    }

    Result<std::optional<std::string>> name_of(std::uint16_t index) override {
        if (auto opened = open(); !opened) return std::unexpected(opened.error());
        ip_set_req_get_set request{};
        request.op = IP_SET_OP_GET_BYINDEX;
        request.version = version_;
        request.set.index = index;
        if (const int error = ask(request); error != 0) return failed(error);
        const std::string name(request.set.name, strnlen(request.set.name, IPSET_MAXNAMELEN));
        if (name.empty()) return std::nullopt;
        return name;
    }

  private:
    Result<void> open() {
        const std::scoped_lock lock(opening_);
        if (version_ != 0) return {};
        if (socket_ < 0) socket_ = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        if (socket_ < 0) return fail(ErrorKind::Refused, "Can't open socket to ipset.\n");
        ip_set_req_version request{};
        request.op = IP_SET_OP_VERSION;
        if (ask(request) != 0) return fail(ErrorKind::Refused, "Kernel module xt_set is not loaded in.\n");
        version_ = request.version;
        return {};
    }

    Result<std::optional<IpSet>> find_by_name_only(std::string_view name) {
        ip_set_req_get_set request{};
        fill_in(request, IP_SET_OP_GET_BYNAME, version_, name);
        if (const int error = ask(request); error != 0) return failed(error);
        if (request.set.index == IPSET_INVALID_ID) return std::nullopt;
        return IpSet{request.set.index};
    }

    template <typename Request> int ask(Request& request) const {
        socklen_t size = sizeof request;
        return getsockopt(socket_, IPPROTO_IP, SO_IP_SET, &request, &size) == 0 ? 0 : errno;
    }

    static std::unexpected<Error> failed(int error) {
        return fail(ErrorKind::Refused, fmt::format("Problem when communicating with ipset, errno={}.\n", error));
    }

    std::mutex opening_;
    int socket_ = -1;
    unsigned version_ = 0; // of the kernel's protocol; 0: not asked yet
};

SetIndex* g_index = nullptr;

Result<void> parse_directions(std::string_view text, SetUse& set) {
    for (bool more = true; more && set.dimensions < IPSET_DIM_MAX;) {
        ++set.dimensions;
        const std::size_t comma = text.find(',');
        if (text.starts_with("src"))
            set.sources = static_cast<std::uint8_t>(set.sources | 1U << set.dimensions);
        else if (!text.starts_with("dst"))
            return bad("You must spefify (the comma separated list of) 'src' or 'dst'.");
        more = comma != text.npos;
        text.remove_prefix(more ? comma + 1 : text.size());
        if (more && set.dimensions == IPSET_DIM_MAX)
            return bad(fmt::format("Can't be more src/dst options than {}.", static_cast<int>(IPSET_DIM_MAX)));
    }
    return {};
}

Result<void> look_up(std::string_view name, Family family) {
    const auto found = set_index().find(name);
    if (!found) return std::unexpected(found.error());
    if (!*found) return bad(fmt::format("Set {} doesn't exist.\n", name));
    if (const auto& of = (*found)->family; of && *of != family)
        return bad(fmt::format("The protocol family of set {} is {}, which is not applicable.\n", name,
                               *of == Family::V4 ? "IPv4" : "IPv6"));
    return {};
}

} // namespace

SetIndex& set_index() {
    static KernelSetIndex kernel;
    return g_index != nullptr ? *g_index : kernel;
}

void use_set_index(SetIndex* index) { g_index = index; }

Result<SetUse> parse_set_use(std::string_view option, const OptionUse& use) {
    if (!use.second) return bad(fmt::format("--{} requires two args.", option));
    if (use.value.size() > IPSET_MAXNAMELEN - 1)
        return bad(fmt::format("setname `{}' too long, max {} characters.", use.value, IPSET_MAXNAMELEN - 1));
    if (use.rule.warnings != nullptr)
        if (auto found = look_up(use.value, use.rule.family); !found) return std::unexpected(found.error());
    SetUse set{.name = std::string(use.value)};
    if (auto parsed = parse_directions(*use.second, set); !parsed) return std::unexpected(parsed.error());
    return set;
}

// iptables prints the name bare, whatever it holds (libxt_SET.c, print_target); here what wouldn't read back is quoted.
void append_set_use(std::string& out, std::string_view option, const SetUse& set) {
    if (set.dimensions == 0) return;
    fmt::format_to(std::back_inserter(out), " {}", option);
    append_word(out, set.name);
    for (unsigned i = 1; i <= set.dimensions; ++i)
        fmt::format_to(std::back_inserter(out), "{}{}", i == 1 ? ' ' : ',', set.sources >> i & 1 ? "src" : "dst");
}

Result<void> check_set_use(const SetUse& set) {
    if (set.dimensions == 0) return {};
    const auto found = set_index().find(set.name);
    if (!found) return std::unexpected(found.error());
    // ip_set_nfnl_get_byindex fails with ENOENT
    if (!*found) return fail(ErrorKind::Refused, "No chain/target/match by that name.");
    return {};
}

std::array<std::uint8_t, 4> set_use_info(const SetUse& set) {
    std::uint16_t index = IPSET_INVALID_ID;
    if (set.dimensions != 0)
        if (const auto found = set_index().find(set.name); found && *found) index = (*found)->index;
    std::array<std::uint8_t, 4> info{0, 0, set.dimensions, set.sources};
    std::memcpy(info.data(), &index, sizeof index);
    return info;
}

std::optional<SetUse> set_use_from(const std::array<std::uint8_t, 4>& info) {
    std::uint16_t index = 0;
    std::memcpy(&index, info.data(), sizeof index);
    const std::uint8_t dimensions = info[2], sources = info[3];
    if (dimensions == 0 || dimensions > IPSET_DIM_MAX) return std::nullopt;
    const auto name = set_index().name_of(index);
    if (!name || !*name) return std::nullopt;
    return SetUse{**name, dimensions, static_cast<std::uint8_t>(sources & ~unsigned{IPSET_INV_MATCH})};
}

} // namespace xtbpf
