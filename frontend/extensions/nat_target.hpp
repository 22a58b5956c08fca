// SPDX-License-Identifier: GPL-2.0-or-later
// What DNAT, SNAT, MASQUERADE and REDIRECT have in common (libxt_NAT.c): a range and flags.
#pragma once

#include "frontend/extensions/nat_range.hpp"

struct nf_nat_range2;

namespace xtbpf::extensions {

struct NatTraits {
    ir::NatEffect::Kind kind;
    std::string_view name;
    std::span<const OptionDef> options; // the first is the range
    std::string_view saved, listed;     // what stands before the range: " --to-ports ", " masq ports: "
    bool ports_only = false;            // no addresses
    bool shifts = false;                // keeps the base of a range of ports
};

class NatTarget final : public Target {
  public:
    NatTarget(const NatTraits& traits, Family family) : traits_(traits), family_(family) {}

    Result<void> option(const OptionUse& use) override;
    Result<void> finish(const RuleContext& rule) override;
    void save(std::string& out) const override { append(out, traits_.saved, " --"); }
    void list(std::string& out, bool) const override { append(out, traits_.listed, " "); }
    ir::Action lower(const RuleContext& rule) const override;
    std::vector<std::uint8_t> encode(const RuleContext& rule) const override;
    bool decode(const RuleContext& rule, std::span<const std::uint8_t> bytes) override;

  private:
    const nf_nat_range2& structure() const;
    ir::Action shifted() const;
    void append(std::string& out, std::string_view before_range, std::string_view before_flag) const;

    const NatTraits& traits_;
    Family family_;
    NatRange range_;
    std::uint32_t flags_ = 0; // NF_NAT_RANGE_* of the flags alone
};

} // namespace xtbpf::extensions
