// SPDX-License-Identifier: GPL-2.0-or-later
// The match `cluster` (libxt_cluster.c, net/netfilter/xt_cluster.c).
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_cluster.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kTotal, kNode, kMask, kSeed };

constexpr std::array kOptions{
    OptionDef{"cluster-total-nodes"},
    OptionDef{"cluster-local-node", Argument::Required, true},
    OptionDef{"cluster-local-nodemask", Argument::Required, true},
    OptionDef{"cluster-hash-seed"},
};

class Cluster final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        invert_ |= use.inverted;
        // A mask is limited like a node, so that iptables doesn't read the larger ones that it prints; a stored rule must.
        const bool free = use.option == kSeed || (use.option == kMask && use.rule.warnings == nullptr);
        const auto value =
            guided::number({"cluster", kOptions[use.option].name}, use.value, use.option == kSeed ? 0 : 1,
                           free ? std::numeric_limits<std::uint32_t>::max() : XT_CLUSTER_NODES_MAX);
        if (!value) return std::unexpected(value.error());
        switch (use.option) {
        case kTotal: total_ = *value; break;
        case kNode: mask_ = 1U << (*value - 1); break;
        case kMask: mask_ = *value; break;
        default: seed_ = *value;
        }
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        const bool fits = mask_ < std::uint64_t{1} << total_;
        if (used_[kTotal] && used_[kSeed] && !fits) {
            if (used_[kNode]) return bad("cluster match: `--cluster-local-node' must be <= `--cluster-total-nodes'");
            if (used_[kMask])
                return bad("cluster match: `--cluster-local-nodemask' too big for `--cluster-total-nodes'");
        }
        if (!used_[kNode] && !used_[kMask])
            return bad("cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing");
        if (!used_[kTotal]) return guided::missing("cluster", "cluster-total-nodes");
        if (used_[kNode] && used_[kMask])
            return guided::excluded("cluster", "cluster-local-node", "cluster-local-nodemask");
        if (!used_[kSeed]) return guided::missing("cluster", "cluster-hash-seed");
        return {};
    }

    void save(std::string& out) const override {
        fmt::format_to(std::back_inserter(out),
                       "{} --cluster-local-nodemask 0x{:08x} --cluster-total-nodes {} --cluster-hash-seed 0x{:08x}",
                       invert_ ? " !" : "", mask_, total_, seed_);
    }

    void list(std::string& out, bool) const override {
        fmt::format_to(std::back_inserter(out), " cluster {}node_mask=0x{:08x} total_nodes={} hash_seed=0x{:08x}",
                       invert_ ? "!" : "", mask_, total_, seed_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_cluster_match_info>();
        info.total_nodes = total_;
        info.node_mask = mask_;
        info.hash_seed = seed_;
        info.flags = invert_ ? XT_CLUSTER_F_INV : 0;
        out.push_back(kernel_match("cluster", 0, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_cluster_match_info>(bytes);
        total_ = info.total_nodes;
        mask_ = info.node_mask;
        seed_ = info.hash_seed;
        invert_ = info.flags & XT_CLUSTER_F_INV;
        return true;
    }

  private:
    static std::unexpected<Error> bad(std::string_view message) {
        return fail(ErrorKind::BadParameter, std::string(message));
    }

    std::array<bool, kOptions.size()> used_{};
    bool invert_ = false;
    std::uint32_t total_ = 0, mask_ = 0, seed_ = 0;
};

std::string help(Family) {
    return "cluster match options:\n"
           "  --cluster-total-nodes <num>\t\tSet number of total nodes in cluster\n"
           "  [!] --cluster-local-node <num>\tSet the local node number\n"
           "  [!] --cluster-local-nodemask <num>\tSet the local node mask\n"
           "  --cluster-hash-seed <num>\t\tSet seed value of the Jenkins hash\n";
}

} // namespace

const MatchDef cluster_match{
    .name = "cluster",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Cluster>(); },
    .structure = structure_of<xt_cluster_match_info>,
};

} // namespace xtbpf::extensions
