// SPDX-License-Identifier: GPL-2.0-or-later
// The target `CONNMARK`, revision 2 (libxt_CONNMARK.c, net/netfilter/xt_connmark.c).
#include "frontend/extensions/exclusive.hpp"
#include "frontend/extensions/guided.hpp"
#include "frontend/extensions/kernel_target.hpp"
#include "frontend/extensions/registry.hpp"
#include "frontend/extensions/structure.hpp"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <linux/netfilter/xt_connmark.h>

namespace xtbpf::extensions {

namespace {

enum : std::size_t {
    kSetXmark,
    kSet,
    kAnd,
    kOr,
    kXor,
    kSave,
    kRestore,
    kLeftShift,
    kRightShift,
    kCtMask,
    kNfMask,
    kMask
};

constexpr std::array kOptions{
    OptionDef{"set-xmark"},
    OptionDef{"set-mark"},
    OptionDef{"and-mark"},
    OptionDef{"or-mark"},
    OptionDef{"xor-mark"},
    OptionDef{"save-mark", Argument::None},
    OptionDef{"restore-mark", Argument::None},
    OptionDef{"left-shift-mark"},
    OptionDef{"right-shift-mark"},
    OptionDef{"ctmask"},
    OptionDef{"nfmask"},
    OptionDef{"mask"},
};
constexpr std::array<std::size_t, 7> kOperations{kSet, kSave, kRestore, kAnd,
                                                 kOr,  kXor,  kSetXmark}; // by iptables' numbers

class Connmark final : public Target {
  public:
    Result<void> option(const OptionUse& use) override {
        used_ |= 1U << use.option;
        if (use.option == kSave || use.option == kRestore) {
            mode_ = use.option;
            return {};
        }
        const guided::Names names{"CONNMARK", kOptions[use.option].name};
        if (use.option == kSetXmark || use.option == kSet) {
            const auto mark = guided::mark(names, use.value);
            if (!mark) return std::unexpected(mark.error());
            set(mark->value, use.option == kSet ? mark->mask | mark->value : mark->mask);
            return {};
        }
        const bool shift = use.option == kLeftShift || use.option == kRightShift;
        const auto number = guided::number(names, use.value, 0, shift ? 32 : ~0U);
        if (!number) return std::unexpected(number.error());
        take(use.option, *number);
        return {};
    }

    Result<void> finish(const RuleContext&) override {
        const auto used = [this](std::size_t option) { return (used_ >> option & 1U) != 0; };
        std::uint32_t operations = 0;
        for (const std::size_t option : kOperations)
            operations |= 1U << option;
        if ((used_ & operations) == 0) return fail(ErrorKind::BadParameter, "CONNMARK target: No operation specified");
        if (auto done = guided::exclusive("CONNMARK", kOptions, used_, kOperations); !done) return done;
        for (const std::size_t mask : {kCtMask, kNfMask})
            if (used(mask) && used(kMask)) return guided::excluded("CONNMARK", kOptions[mask].name, "mask");
        return {};
    }

    // connmark_tg_check
    Result<void> check(const RuleContext&, std::uint32_t) const override {
        if (shift_ < 32) return {};
        return fail(ErrorKind::Refused, "Invalid argument. Run `dmesg' for more information.");
    }

    void save(std::string& out) const override {
        if (mode_ == kSet)
            fmt::format_to(std::back_inserter(out), " --set-xmark 0x{:x}/0x{:x}", mark_, ct_mask_);
        else
            fmt::format_to(std::back_inserter(out), " --{} --nfmask 0x{:x} --ctmask 0x{:x}", kOptions[mode_].name,
                           nf_mask_, ct_mask_);
        if (shift_) fmt::format_to(std::back_inserter(out), " --{} {}", shift_name(), shift_);
    }

    void list(std::string& out, bool) const override {
        if (mode_ == kSet)
            list_set(out);
        else
            list_copy(out);
        if (shift_) fmt::format_to(std::back_inserter(out), " {} {}", shift_name(), shift_);
    }

    ir::Action lower(const RuleContext&) const override {
        auto& info = blank<xt_connmark_tginfo2>();
        info.ctmark = mark_;
        info.ctmask = ct_mask_;
        info.nfmask = nf_mask_;
        info.shift_dir = shift_right_ ? D_SHIFT_RIGHT : D_SHIFT_LEFT;
        info.shift_bits = static_cast<std::uint8_t>(shift_);
        info.mode = mode_ == kSet ? XT_CONNMARK_SET : mode_ == kSave ? XT_CONNMARK_SAVE : XT_CONNMARK_RESTORE;
        return kernel_target("CONNMARK", 2, info,
                             ir::touched(mode_ == kRestore ? ir::Touch::Mark : ir::Touch::ConntrackMark));
    }

    bool decode(const RuleContext&, std::span<const std::uint8_t> bytes) override {
        const auto info = info_from<xt_connmark_tginfo2>(bytes);
        if (info.mode > XT_CONNMARK_RESTORE) return false;
        mode_ = info.mode == XT_CONNMARK_SET ? kSet : info.mode == XT_CONNMARK_SAVE ? kSave : kRestore;
        mark_ = info.ctmark;
        ct_mask_ = info.ctmask;
        nf_mask_ = info.nfmask;
        shift_ = info.shift_bits;
        shift_right_ = info.shift_dir == D_SHIFT_RIGHT;
        return true;
    }

  private:
    void set(std::uint32_t mark, std::uint32_t mask) {
        mode_ = kSet;
        mark_ = mark;
        ct_mask_ = mask;
    }

    // In the order in which they are used: a later mask changes what an operation has set.
    void take(std::size_t option, std::uint32_t number) {
        switch (option) {
        case kAnd: set(0, ~number); break;
        case kOr: set(number, number); break;
        case kXor: set(number, 0); break;
        case kCtMask: ct_mask_ = number; break;
        case kNfMask: nf_mask_ = number; break;
        case kMask: ct_mask_ = nf_mask_ = number; break;
        default: shift_right_ = option == kRightShift; shift_ = number;
        }
    }

    std::string_view shift_name() const { return kOptions[shift_right_ ? kRightShift : kLeftShift].name; }

    void list_set(std::string& out) const {
        const auto print = [&](std::string_view verb, std::uint32_t bits) {
            fmt::format_to(std::back_inserter(out), " CONNMARK {} 0x{:x}", verb, bits);
        };
        if (mark_ == 0) return print("and", ~ct_mask_);
        if (mark_ == ct_mask_) return print("or", mark_);
        if (ct_mask_ == 0) return print("xor", mark_);
        if (ct_mask_ == ~0U) return print("set", mark_);
        print("xset", mark_);
        fmt::format_to(std::back_inserter(out), "/0x{:x}", ct_mask_);
    }

    void list_copy(std::string& out) const {
        const bool saves = mode_ == kSave;
        out += saves ? " CONNMARK save" : " CONNMARK restore";
        if (nf_mask_ == ~0U && ct_mask_ == ~0U) return;
        if (nf_mask_ == ct_mask_)
            fmt::format_to(std::back_inserter(out), " mask 0x{:x}", nf_mask_);
        else if (saves)
            fmt::format_to(std::back_inserter(out), " nfmask 0x{:x} ctmask ~0x{:x}", nf_mask_, ct_mask_);
        else
            fmt::format_to(std::back_inserter(out), " ctmask 0x{:x} nfmask ~0x{:x}", ct_mask_, nf_mask_);
    }

    std::uint32_t used_ = 0;
    std::size_t mode_ = kSet; // kSet, kSave or kRestore
    std::uint32_t mark_ = 0, ct_mask_ = ~0U, nf_mask_ = ~0U, shift_ = 0;
    bool shift_right_ = false;
};

// Of a mark that is set, only the connection's mask counts (connmark_tg_shift).
void clear_packet_mask(Family, std::span<std::uint8_t> data) {
    if (info_from<xt_connmark_tginfo2>(data).mode == XT_CONNMARK_SET)
        put_at(data, offsetof(xt_connmark_tginfo2, nfmask), std::uint32_t{0});
}

std::string help(Family) {
    return "CONNMARK target options:\n"
           "  --set-xmark value[/ctmask]    Zero mask bits and XOR ctmark with value\n"
           "  --save-mark [--ctmask mask] [--nfmask mask]\n"
           "                                Copy ctmark to nfmark using masks\n"
           "  --restore-mark [--ctmask mask] [--nfmask mask]\n"
           "                                Copy nfmark to ctmark using masks\n"
           "  --set-mark value[/mask]       Set conntrack mark value\n"
           "  --save-mark [--mask mask]     Save the packet nfmark in the connection\n"
           "  --restore-mark [--mask mask]  Restore saved nfmark value\n"
           "  --and-mark value              Binary AND the ctmark with bits\n"
           "  --or-mark value               Binary OR  the ctmark with bits\n"
           "  --xor-mark value              Binary XOR the ctmark with bits\n"
           "  --left-shift-mark value       Left shift the ctmark with bits\n"
           "  --right-shift-mark value      Right shift the ctmark with bits\n";
}

} // namespace

const TargetDef connmark_target{
    .name = "CONNMARK",
    .options = kOptions,
    .help = help,
    .create = [](Family) -> std::unique_ptr<Target> { return std::make_unique<Connmark>(); },
    .structure = structure_of<xt_connmark_tginfo2, 2, clear_packet_mask>,
};

} // namespace xtbpf::extensions
