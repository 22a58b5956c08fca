// SPDX-License-Identifier: GPL-2.0-or-later
// The match `socket`, revision 3 (libxt_socket.c, net/netfilter/xt_socket.c). Looking a socket up by the packet is what a
// socket filter can't do, so the kernel's own match is asked.
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <linux/netfilter/xt_socket.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{
    OptionDef{"transparent", Argument::None},
    OptionDef{"nowildcard", Argument::None},
    OptionDef{"restore-skmark", Argument::None},
};
constexpr std::array<std::uint8_t, kOptions.size()> kFlags{XT_SOCKET_TRANSPARENT, XT_SOCKET_NOWILDCARD,
                                                           XT_SOCKET_RESTORESKMARK};

class Socket final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        return {};
    }

    void save(std::string& out) const override {
        for (std::size_t i = 0; i < kOptions.size(); ++i) {
            if (!used_[i]) continue;
            out += " --";
            out += kOptions[i].name;
        }
    }

    void list(std::string& out, bool) const override {
        out += " socket";
        save(out);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_socket_mtinfo3>();
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            if (used_[i]) info.flags = static_cast<std::uint8_t>(info.flags | kFlags[i]);
        out.push_back(kernel_match("socket", 3, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_socket_mtinfo3>(bytes);
        for (std::size_t i = 0; i < kOptions.size(); ++i)
            used_[i] = info.flags & kFlags[i];
        return true;
    }

  private:
    std::array<bool, kOptions.size()> used_{};
};

std::string help(Family) {
    return "socket match options:\n"
           "  --nowildcard     Do not ignore LISTEN sockets bound on INADDR_ANY\n"
           "  --transparent    Ignore non-transparent sockets\n"
           "  --restore-skmark Set the packet mark to the socket mark if\n"
           "                   the socket matches and transparent / \n"
           "                   nowildcard conditions are satisfied\n"
           "\n";
}

} // namespace

const MatchDef socket_match{
    .name = "socket",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Socket>(); },
    .structure = structure_of<xt_socket_mtinfo3, 3>,
};

} // namespace xtbpf::extensions
