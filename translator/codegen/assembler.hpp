// SPDX-License-Identifier: GPL-2.0-or-later
// A typed assembler for one BPF function: named registers, labels that are patched when the function is finished.
// Arithmetic and comparisons are 32 bits wide unless the name says otherwise (instruction set v3, Linux 5.1).
#pragma once

#include "translator/codegen/program.hpp"
#include "translator/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::codegen {

// What the registers hold in generated code. The callee-saved ones live through a whole function.
enum class Reg : std::uint8_t {
    Result = 0, // r0: return value of calls and of the function
    Arg1 = 1,
    Arg2 = 2,
    Arg3 = 3,
    Arg4 = 4,
    Arg5 = 5,
    Value = 1,
    Other = 2,       // scratch between calls: the field under test
    Context = 6,     // r6: the program's context
    View = 7,        // r7: struct xt_view *
    Accumulator = 8, // r8, r9: those of classic BPF, in a translation of it
    Index = 9,
    Frame = 10,
};

enum class Condition : std::uint8_t {
    Equal = BPF_JEQ,
    NotEqual = BPF_JNE,
    Greater = BPF_JGT,
    GreaterEqual = BPF_JGE,
    Less = BPF_JLT,
    LessEqual = BPF_JLE,
    AnyBit = BPF_JSET, // no inverse instruction
};
Condition inverse(Condition condition); // of all but AnyBit

enum class Width : std::uint8_t { Byte = BPF_B, Half = BPF_H, Word = BPF_W, Double = BPF_DW };
Width width_of(std::size_t bytes);

class Label {
    friend class Assembler;
    std::uint32_t id_ = 0;
};

class Assembler {
  public:
    explicit Assembler(std::string name) : function_{std::move(name), {}, {}} {}

    Label label(); // a new one, not yet placed
    void place(Label label);

    void load(Reg dst, Reg base, std::int16_t offset, Width width);
    void store(Reg base, std::int16_t offset, Reg src, Width width);
    void store_imm(Reg base, std::int16_t offset, std::int32_t value, Width width);
    void move(Reg dst, std::uint32_t value); // zero-extends
    void copy(Reg dst, Reg src);             // 64 bits
    void load64(Reg dst, std::uint64_t value);
    void alu(std::uint8_t op, Reg dst, std::uint32_t value);
    void load_map(Reg dst, int fd);                    // the map's address, for a helper
    void from_big_endian(Reg dst, std::uint8_t bytes); // 2 or 4; zero-extends
    void alu64(std::uint8_t op, Reg dst, Reg src);
    void alu32(std::uint8_t op, Reg dst, Reg src); // zero-extends
    void alu64_imm(std::uint8_t op, Reg dst, std::int32_t value);

    void jump(Label to);
    void jump_if(Condition condition, Reg reg, std::uint32_t value, Label to);
    void jump_if64(Condition condition, Reg reg, Reg other, Label to);
    void jump_if_not_null(Reg pointer, Label to);

    // The begin of a function of the context and the view, which it keeps in Context and View. Without a view it returns `verdict`.
    void begin(std::uint32_t verdict);
    void call(std::string function);
    void call_helper(bpf_func_id helper);
    void exit();
    void return_value(std::uint32_t value) {
        move(Reg::Result, value);
        exit();
    }

    std::size_t size() const { return function_.insns.size(); }

    // Takes unreachable code out and patches all jumps. Refused if a jump is too far for its 16 bits.
    Result<Function> finish() &&;

  private:
    void emit(std::uint8_t code, Reg dst, Reg src, std::int16_t offset, std::int32_t imm);
    void jump_to(std::uint8_t code, Reg dst, Reg src, std::int32_t imm, Label to);

    std::vector<bool> reachable() const;
    void drop_unreachable();

    struct Jump {
        std::size_t insn;
        std::uint32_t label;
    };
    Function function_;
    std::vector<std::size_t> places_; // by label id: instruction index, or kUnplaced
    std::vector<Jump> jumps_;
};

} // namespace xtbpf::codegen
