// SPDX-License-Identifier: GPL-2.0-or-later
// Instructions for one predicate. Registers: View holds the view, Context the program's context; Value and Other are scratch.
#pragma once

#include "translator/codegen/assembler.hpp"
#include "translator/codegen/sites.hpp"
#include "translator/ir.hpp"
#include "translator/limit.hpp"
#include "translator/native_match.hpp"
#include "translator/tables.hpp"

#include <cstdint>
#include <map>
#include <span>

namespace xtbpf::codegen {

// Numbers of the kernel matches of a hook, from 0 in the order of effects.hpp.
using MatchNumbers = std::map<const ir::KernelMatch*, std::uint32_t>;

class PredicateWriter {
  public:
    struct Exits {
        Label hotdrop; // the packet is dropped, uncounted
        Label stop;    // the kernel has to be asked first
    };
    PredicateWriter(Assembler& out, Family family, const MatchNumbers& matches, KernelClock clock, Sites& sites,
                    Exits exits)
        : out_(out), family_(family), matches_(matches), clock_(clock), sites_(sites), exits_(exits) {}

    // Falls through if the predicate holds, else jumps to `no` (or to an exit).
    void require(const ir::Predicate& predicate, Label no);

    // The cheap first test of a rule: jumps to `maybe` if the predicate holds or if it takes `require` to tell, else falls
    // through. Only for predicates that is_quick() allows.
    void jump_if_maybe(const ir::Predicate& predicate, Label maybe);

    // No side effect, no hotdrop, one or two comparisons: good as the first test of a rule, in any order with its like.
    static bool is_quick(const ir::Predicate& predicate, Family family);

    // The quick test alone tells whether the predicate holds.
    static bool is_complete(const ir::Predicate& predicate, Family family);

    // Evaluating it has no side effect and no exit: its place among its like doesn't matter.
    static bool is_pure(const ir::Predicate& predicate, Family family);

  private:
    enum class Sense : bool { False = false, True = true };

    void test(const ir::FieldTest& test, Label to, Sense when); // jumps if the test's outcome is `when`
    void ranges(std::span<const ir::Range> ranges, std::uint32_t top, Label to, Sense when); // of Reg::Value
    void load_bytes(std::uint8_t width, Label missing);                                      // bytes_tests.cpp
    void bytes_at(ir::Base base, std::uint16_t offset, std::uint8_t width, Label missing);
    void u32_test(const ir::U32Test::One& test, Label no);
    void address_equal(const ir::AddressTest& test, Label to, Sense when);
    void compare_words(const ir::AddressRange& test, Label outside);
    void word(const ir::AddressTest& test, std::size_t index, Condition condition, Label to);
    void interface_equal(const ir::InterfaceTest& test, Label differ);
    void load_field(ir::Field field, std::uint32_t mask);

    struct Answers {
        Label yes, no, ask;
    };
    void answer(const NativeMatch& native, const Answers& to); // native_tests.cpp
    void call_native(const NativeMatch::Call& call);
    void header_test(const NativeMatch::Header& header, const Answers& to);
    void classic(std::span<const sock_filter> code, const Answers& to); // classic_bpf.cpp
    void classic_load(const sock_filter& insn, const Answers& to);
    void classic_bytes(const sock_filter& insn, const Answers& to);
    void classic_alu(const sock_filter& insn, const Answers& to);

    void require_one(const ir::FieldTest&, Label no);
    void require_one(const ir::AnyOf&, Label no);
    void require_one(const ir::AddressTest&, Label no);
    void require_one(const ir::AddressRange&, Label no);
    void require_one(const ir::InterfaceTest&, Label no);
    void require_one(const ir::ProtocolTest&, Label no);
    void require_one(const ir::HeaderTest&, Label no);
    void require_one(const ir::TcpOptionTest&, Label no);
    void require_one(const ir::LimitTest&, Label no);
    void require_one(const ir::CountTest&, Label no);
    void require_one(const ir::KernelMatch&, Label no);
    void require_one(const ir::BytesTest&, Label no);
    void require_one(const ir::ExtensionTest&, Label no);
    void require_one(const ir::TcpMssTest&, Label no);
    void require_one(const ir::U32Test&, Label no);

    Assembler& out_;
    Family family_;
    const MatchNumbers& matches_;
    KernelClock clock_;
    Sites& sites_;
    Exits exits_;
};

} // namespace xtbpf::codegen
