// SPDX-License-Identifier: GPL-2.0-or-later
// The match `bpf`, revision 1 (libxt_bpf.c, net/netfilter/xt_bpf.c).
#include "frontend/extensions/bytecode.hpp"
#include "frontend/extensions/kernel_match.hpp"
#include "frontend/extensions/quoted.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/bpf.h>
#include <linux/netfilter/xt_bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t { kBytecode, kPinned };

constexpr std::array kOptions{OptionDef{"bytecode"}, OptionDef{"object-pinned"}};

// bpf_parse_obj_pinned: is there anything under that path? The kernel looks it up again by itself.
bool is_pinned(const std::string& path) {
    bpf_attr attr{};
    attr.pathname = reinterpret_cast<std::uintptr_t>(path.c_str());
    const long object = syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof attr);
    if (object < 0) return false;
    close(static_cast<int>(object));
    return true;
}

// bpf_parse_obj_pinned leaves the descriptor of the pinned program there, which nobody reads: as a rule its first open file. -C of
// iptables-legacy compares it.
constexpr std::int32_t kFirstFile = 3;

class Bpf final : public Match {
  public:
    Result<void> option(const OptionUse& use) override {
        used_[use.option] = true;
        if (use.option == kPinned) {
            path_ = use.value.substr(0, XT_BPF_PATH_MAX - 1);
            const bool from_store = use.rule.warnings == nullptr; // is listed even if the object is gone
            if (!from_store && !is_pinned(path_)) return fail(ErrorKind::BadParameter, "bpf: failed to get bpf object");
            return {};
        }
        auto code = parse_bytecode(use.value);
        if (!code) return std::unexpected(std::move(code.error()));
        code_ = std::move(*code);
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        if (used_[kBytecode] == used_[kPinned])
            return fail(ErrorKind::BadParameter, "bpf: one of --bytecode or --pinned is required");
        return {};
    }

    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (used_[kBytecode] && !bytecode_is_valid(code_)) return invalid_argument();
        return {};
    }

    void save(std::string& out) const override {
        if (used_[kPinned]) {
            out += " --object-pinned";
            if (path_.find_first_of(" \t\"'\\") == path_.npos)
                out += ' ' + path_; // as iptables does
            else
                append_quoted(out, path_);
            return;
        }
        fmt::format_to(std::back_inserter(out), " --bytecode \"{},", code_.size());
        append_bytecode(out, code_);
        out += '"';
    }

    // bpf_print_v1 puts no blank before its text, and a zero byte behind the code
    void list(std::string& out, bool) const override {
        out += "match bpf ";
        if (used_[kPinned]) {
            fmt::format_to(std::back_inserter(out), "pinned {}", path_);
            return;
        }
        append_bytecode(out, code_);
        out += '\0';
    }

    void lower(const RuleContext&, std::vector<ir::Predicate>& out) const override {
        auto& info = structure();
        info.fd = -1;
        out.push_back(kernel_match("bpf", 1, info));
    }

    std::vector<std::uint8_t> encode(const RuleContext&) const override {
        auto& info = structure();
        if (used_[kPinned]) info.fd = kFirstFile;
        return info_bytes(info);
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_bpf_info_v1>(bytes);
        used_[kPinned] = info.mode == XT_BPF_MODE_PATH_PINNED;
        used_[kBytecode] = info.mode == XT_BPF_MODE_BYTECODE;
        if (used_[kPinned]) {
            const auto path = text_in(info.path);
            if (path) path_ = *path;
            return path.has_value();
        }
        if (info.bpf_program_num_elem == 0 || info.bpf_program_num_elem > XT_BPF_MAX_NUM_INSTR) return false;
        code_.assign(info.bpf_program, info.bpf_program + info.bpf_program_num_elem);
        return used_[kBytecode];
    }

  private:
    xt_bpf_info_v1& structure() const {
        auto& info = blank<xt_bpf_info_v1>();
        if (used_[kPinned]) {
            info.mode = XT_BPF_MODE_PATH_PINNED;
            std::ranges::copy(path_, info.path);
        } else {
            info.mode = XT_BPF_MODE_BYTECODE;
            info.bpf_program_num_elem = static_cast<std::uint16_t>(code_.size());
            std::ranges::copy(code_, info.bpf_program);
        }
        return info;
    }

    std::array<bool, 2> used_{};
    std::vector<sock_filter> code_;
    std::string path_;
};

// The kernel opens the pinned program itself, by its path (bpf_mt_check_v1).
void clear_descriptor(Family, std::span<std::uint8_t> data) {
    if (info_from<xt_bpf_info_v1>(data).mode == XT_BPF_MODE_PATH_PINNED)
        put_at(data, offsetof(xt_bpf_info_v1, fd), std::int32_t{0});
}

std::string help(Family) {
    return "bpf match options:\n"
           "--bytecode <program>\t        : a bpf program as generated by\n"
           "                                 $(nfbpf_compile RAW '<filter>')\n"
           "--object-pinned <bpf object>\t: a path to a pinned BPF object in bpf fs\n";
}

} // namespace

const MatchDef bpf_match{
    .name = "bpf",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Match> { return std::make_unique<Bpf>(); },
    .structure = structure_up_to<xt_bpf_info_v1, 1, offsetof(xt_bpf_info_v1, filter), clear_descriptor>,
};

} // namespace xtbpf::extensions
