// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/effect.hpp"

namespace xtbpf::ir {

namespace {

struct Flow {
    After operator()(const RejectEffect&) const { return After::Ends; }
    After operator()(const KernelTarget& target) const { return target.after; }
    After operator()(const NatEffect&) const { return After::Ends; }
    After operator()(const TproxyEffect&) const { return After::Ends; }
    template <typename Any> After operator()(const Any&) const { return After::Next; }
};

struct Writes {
    Touched operator()(const KernelTarget& target) const { return target.writes; }
    Touched operator()(const TosEffect&) const { return touched(Touch::Tos, Touch::Payload); }
    Touched operator()(const TtlEffect&) const { return touched(Touch::Ttl, Touch::Payload); }
    Touched operator()(const TcpEcnEffect& ecn) const {
        const Touched tcp = touched(Touch::Transport, Touch::Payload);
        return ecn.ect ? static_cast<Touched>(tcp | touched(Touch::Tos)) : tcp;
    }
    Touched operator()(const NotrackEffect&) const { return touched(Touch::Conntrack, Touch::ConntrackMark); }
    Touched operator()(const ZoneEffect&) const { return touched(Touch::Conntrack, Touch::ConntrackMark); }
    Touched operator()(const TraceEffect&) const { return 0; }        // nothing reads it
    Touched operator()(const SecurityMarkEffect&) const { return 0; } // nothing reads it
    Touched operator()(const RejectEffect&) const { return 0; }
    Touched operator()(const LogEffect&) const { return 0; }
    Touched operator()(const NatEffect&) const { return 0; }    // ends
    Touched operator()(const TproxyEffect&) const { return 0; } // ends
};

} // namespace

After after(const Effect& effect) { return std::visit(Flow{}, effect); }
bool ends(const Effect& effect) { return after(effect) == After::Ends; }
Touched writes(const Effect& effect) { return std::visit(Writes{}, effect); }

} // namespace xtbpf::ir
