// SPDX-License-Identifier: GPL-2.0-or-later
// The match `nfacct`, revision 1 (libxt_nfacct.c, net/netfilter/xt_nfacct.c). The kernel keeps the accounts.
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <linux/netfilter/xt_nfacct.h>

namespace xtbpf::extensions {

namespace {

constexpr std::array kOptions{OptionDef{"nfacct-name"}};

class NfAcct final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        if (use.value.empty())
            return fail(ErrorKind::BadParameter, "Argument must have a minimum length of 1 characters\n");
        if (use.value.find('\n') != use.value.npos)
            return fail(ErrorKind::BadParameter, "Newlines not allowed in --nfacct-name");
        name_ = std::string(use.value.substr(0, NFACCT_NAME_MAX - 1));
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (name_.empty()) return guided::missing("nfacct", "nfacct-name");
        return {};
    }

    void save(std::string& out) const override {
        out += " --nfacct-name ";
        append_quoted(out, name_);
    }

    void list(std::string& out, bool) const override {
        out += " nfacct-name ";
        append_quoted(out, name_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = blank<xt_nfacct_match_info_v1>();
        put_text(info.name, name_);
        out.push_back(kernel_match("nfacct", 1, info));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto name = text_in(info_from<xt_nfacct_match_info_v1>(bytes).name);
        if (!name || name->empty()) return false;
        name_ = *name;
        return true;
    }

  private:
    std::string name_;
};

std::string help(Family) {
    return "nfacct match options:\n"
           " --nfacct-name STRING\t\tName of accouting area\n";
}

} // namespace

const MatchDef nfacct_match{
    .name = "nfacct",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<NfAcct>(); },
    .structure = structure_up_to<xt_nfacct_match_info_v1, 1, offsetof(xt_nfacct_match_info_v1, nfacct)>,
};

} // namespace xtbpf::extensions
