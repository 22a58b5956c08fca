// SPDX-License-Identifier: GPL-2.0-or-later
// The target `CLUSTERIP` (libipt_CLUSTERIP.c), which left Linux with version 6.3.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/registry.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <netinet/ether.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kNew, kHashmode, kClustermac, kTotalNodes, kLocalNode, kHashInit };

constexpr std::array kOptions{OptionDef{"new", Argument::None}, OptionDef{"hashmode"},   OptionDef{"clustermac"},
                              OptionDef{"total-nodes"},         OptionDef{"local-node"}, OptionDef{"hash-init"}};
constexpr std::array<std::string_view, 3> kModes{"sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"};
constexpr std::uint32_t kMostNodes = 16; // CLUSTERIP_MAX_NODES
constexpr std::uint32_t kNeeded =
    1U << kNew | 1U << kHashmode | 1U << kClustermac | 1U << kTotalNodes | 1U << kLocalNode;

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::BadParameter, std::move(message)); }

class Clusterip final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_ |= 1U << use.option;
        switch (use.option) {
        case kNew: return {};
        case kHashmode: {
            const auto* const mode = std::ranges::find(kModes, use.value);
            if (mode == kModes.end()) return bad(fmt::format("Unknown hashmode \"{}\"", use.value));
            mode_ = *mode;
            return {};
        }
        case kClustermac: {
            ether_addr mac{};
            if (ether_aton_r(std::string(use.value).c_str(), &mac) == nullptr)
                return bad("Invalid MAC address specified.");
            std::ranges::copy(mac.ether_addr_octet, mac_.begin());
            if ((mac_[0] & 1) == 0) return bad("MAC has to be a multicast ethernet address");
            return {};
        }
        default: break;
        }
        const std::uint32_t max = use.option == kHashInit ? std::numeric_limits<std::uint32_t>::max() : kMostNodes;
        const auto number = guided::number({"CLUSTERIP", kOptions[use.option].name}, use.value, 0, max);
        if (!number) return std::unexpected(number.error());
        (use.option == kTotalNodes ? total_nodes_ : use.option == kLocalNode ? local_node_ : hash_init_) = *number;
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_ == 0 || (used_ & kNeeded) == kNeeded) return {};
        return bad("CLUSTERIP target: Invalid parameter combination");
    }

    void save(std::string& out) const override {
        if (used_ == 0) return;
        fmt::format_to(std::back_inserter(out),
                       " --new --hashmode {} --clustermac {:02X} --total-nodes {} --local-node {} --hash-init {}",
                       mode_, fmt::join(mac_, ":"), total_nodes_, local_node_, hash_init_);
    }

    void list(std::string& out, bool) const override {
        out += " CLUSTERIP";
        if (used_ == 0) return;
        fmt::format_to(std::back_inserter(out),
                       " hashmode={} clustermac={:02X} total_nodes={} local_node={} hash_init={}", mode_,
                       fmt::join(mac_, ":"), total_nodes_, local_node_, hash_init_);
    }

    ir::Action lower(const RuleContext&) const override { return ir::Drop{}; } // never in force: `absent`

  private:
    std::uint32_t used_ = 0;
    std::string_view mode_;
    std::array<std::uint8_t, 6> mac_{};
    std::uint32_t total_nodes_ = 0, local_node_ = 0, hash_init_ = 0;
};

std::string help(Family) {
    return "CLUSTERIP target options:\n"
           "  --new\t\t\t Create a new ClusterIP\n"
           "  --hashmode <mode>\t\t Specify hashing mode\n"
           "\t\t\t\t\tsourceip\n"
           "\t\t\t\t\tsourceip-sourceport\n"
           "\t\t\t\t\tsourceip-sourceport-destport\n"
           "  --clustermac <mac>\t\t Set clusterIP MAC address\n"
           "  --total-nodes <num>\t\t Set number of total nodes in cluster\n"
           "  --local-node <num>\t\t Set the local node number\n"
           "  --hash-init <num>\t\t Set init value of the Jenkins hash\n";
}

} // namespace

const TargetDef clusterip_target{
    .name = "CLUSTERIP",
    .options = kOptions,
    .ipv6 = false,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Clusterip>(); },
    .absent = true,
};

} // namespace xtbpf::extensions
