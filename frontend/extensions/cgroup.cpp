// SPDX-License-Identifier: GPL-2.0-or-later
// The match `cgroup`, revision 2 (libxt_cgroup.c, net/netfilter/xt_cgroup.c).
#include "frontend/extensions/field_range.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <linux/netfilter/xt_cgroup.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kPath, kClassid };

constexpr std::array kOptions{
    OptionDef{"path", Argument::Required, true},
    OptionDef{"cgroup", Argument::Required, true},
};

class Cgroup final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        invert_[use.option] = use.inverted;
        if (use.option == kPath) {
            path_ = std::string(use.value.substr(0, sizeof xt_cgroup_info_v2::path - 1));
            return {};
        }
        const auto classid =
            guided::number({"cgroup", "cgroup"}, use.value, 0, std::numeric_limits<std::uint32_t>::max());
        if (!classid) return std::unexpected(classid.error());
        classid_ = *classid;
        return {};
    }

    // cgroup_mt_check_v2: exactly one; whether there is such a path only the kernel can tell
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (path_.has_value() == classid_.has_value()) return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        if (path_) {
            out += invert_[kPath] ? " ! --path" : " --path";
            append_quoted(out, *path_);
        }
        if (classid_)
            fmt::format_to(std::back_inserter(out), "{} --cgroup {}", invert_[kClassid] ? " !" : "", *classid_);
    }

    void list(std::string& out, bool) const override {
        if (path_) fmt::format_to(std::back_inserter(out), " cgroup {}{}", invert_[kPath] ? "! " : "", *path_);
        if (classid_) fmt::format_to(std::back_inserter(out), " cgroup {}{}", invert_[kClassid] ? "! " : "", *classid_);
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        if (classid_) { // without a socket false, inverted or not
            out.push_back(in_range(ir::Field::SocketClass, *classid_, *classid_, invert_[kClassid],
                                   ir::Gate{.field = ir::Field::FullSocket}));
            return;
        }
        auto& info = blank<xt_cgroup_info_v2>();
        info.has_path = 1;
        info.invert_path = invert_[kPath];
        put_text(info.path, *path_);
        out.push_back(kernel_match("cgroup", 2, info));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = blank<xt_cgroup_info_v2>();
        info.has_path = path_.has_value();
        info.invert_path = invert_[kPath];
        info.has_classid = classid_.has_value();
        info.invert_classid = invert_[kClassid];
        if (path_) put_text(info.path, *path_);
        if (classid_) info.classid = *classid_;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_cgroup_info_v2>(bytes);
        const auto path = text_in(info.path);
        if (info.has_path != 0 && path) path_ = path;
        if (info.has_classid != 0) classid_ = info.classid;
        invert_ = {info.invert_path != 0, info.invert_classid != 0};
        return path_.has_value() != classid_.has_value(); // they share their place
    }

  private:
    std::optional<std::string> path_;
    std::optional<std::uint32_t> classid_;
    std::array<bool, 2> invert_{};
};

std::string help(Family) {
    return "cgroup match options:\n"
           "[!] --path path                 Recursively match path relative to cgroup2 root\n"
           "[!] --cgroup classid            Match cgroup classid, can't be used with --path\n";
}

} // namespace

const MatchDef cgroup_match{
    .name = "cgroup",
    .options = kOptions,
    .limits = {.hooks = hook_bit(Hook::Output) | hook_bit(Hook::Postrouting) | hook_bit(Hook::Input)},
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Cgroup>(); },
    .structure = structure_up_to<xt_cgroup_info_v2, 2, offsetof(xt_cgroup_info_v2, priv)>,
};

} // namespace xtbpf::extensions
