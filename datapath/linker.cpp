// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/linker.hpp"

#include <deque>
#include <fmt/format.h>
#include <map>
#include <string_view>

namespace xtbpf {

namespace {

constexpr bool is_call(const bpf_insn& insn) {
    return insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL;
}

constexpr bool is_function_address(const bpf_insn& insn) {
    return insn.code == (BPF_LD | BPF_IMM | BPF_DW) && insn.src_reg == BPF_PSEUDO_FUNC;
}

std::string function_name(const btf* types, std::uint32_t type) {
    return btf__name_by_offset(types, btf__type_by_id(types, type)->name_off);
}

} // namespace

Result<std::vector<FittedFunction>> take_apart(std::span<const bpf_insn> insns,
                                               std::span<const bpf_func_info> functions, const btf* types) {
    // libbpf leaves the functions' types out if its question whether the kernel takes them fails, for whatever reason.
    if (functions.empty() || functions.front().insn_off != 0)
        return fail(ErrorKind::Refused, "the kernel takes no BTF for functions (out of memory?)");
    std::map<std::size_t, std::string> names; // by first instruction
    for (const bpf_func_info& function : functions)
        names[function.insn_off] = function_name(types, function.type_id);
    std::vector<FittedFunction> parts;
    for (std::size_t index = 0; index < functions.size(); ++index) {
        const std::size_t begin = functions[index].insn_off;
        const std::size_t end = index + 1 < functions.size() ? functions[index + 1].insn_off : insns.size();
        FittedFunction part{names[begin], functions[index].type_id, {insns.begin() + begin, insns.begin() + end}, {}};
        for (std::size_t at = begin; at < end; ++at) {
            if (!is_call(insns[at]) && !is_function_address(insns[at])) continue;
            const auto target = names.find(static_cast<std::size_t>(static_cast<std::int64_t>(at) + insns[at].imm + 1));
            if (target == names.end())
                return fail(ErrorKind::Refused, "the BPF object calls into the middle of a function");
            part.calls.push_back({at - begin, target->second});
            part.insns[at - begin].imm = 0;
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

Result<void> declare(btf* types, const char* like, const codegen::Program& generated) {
    const std::int32_t id = btf__find_by_name_kind(types, like, BTF_KIND_FUNC);
    if (id < 0) return fail(ErrorKind::Refused, fmt::format("the BPF object has no function {}", like));
    const std::uint32_t prototype = btf__type_by_id(types, static_cast<std::uint32_t>(id))->type;
    for (const codegen::Function& function : generated.functions) {
        if (btf__find_by_name_kind(types, function.name.c_str(), BTF_KIND_FUNC) >= 0) continue;
        const int added = btf__add_func(types, function.name.c_str(), BTF_FUNC_GLOBAL, static_cast<int>(prototype));
        if (added < 0)
            return fail(ErrorKind::Refused, fmt::format("naming the function {}: error {}", function.name, added));
    }
    return {};
}

Result<Image> link(const std::string& entry, std::span<const FittedFunction> functions, const btf* types,
                   std::span<const codegen::Program* const> generated) {
    struct Piece {
        std::span<const bpf_insn> insns;
        std::span<const codegen::Call> calls;
        std::uint32_t type;
        // It only calls another, which may be called instead: a call and a return less for each packet, and a frame.
        bool forwards() const { return insns.size() == 2 && !calls.empty(); }
    };
    std::map<std::string_view, Piece> pieces;
    for (const FittedFunction& function : functions)
        pieces[function.name] = {function.insns, function.calls, function.type};
    for (const codegen::Program* program : generated)
        for (const codegen::Function& function : program->functions) {
            const std::int32_t type = btf__find_by_name_kind(types, function.name.c_str(), BTF_KIND_FUNC);
            if (type < 0) return fail(ErrorKind::Refused, fmt::format("function {} has no BTF", function.name));
            pieces[function.name] = {function.insns, function.calls, static_cast<std::uint32_t>(type)};
        }

    // Lay out what the entry reaches, then resolve.
    Image image;
    std::map<std::string_view, std::size_t> starts;
    std::vector<std::pair<std::size_t, std::string_view>> calls;
    std::deque<std::string_view> waiting{entry};
    while (!waiting.empty()) {
        const std::string_view name = waiting.front();
        waiting.pop_front();
        if (starts.contains(name)) continue;
        const auto piece = pieces.find(name);
        if (piece == pieces.end())
            return fail(ErrorKind::Refused, fmt::format("function {} is called but isn't there", name));
        const std::size_t start = image.insns.size();
        starts[name] = start;
        image.insns.insert(image.insns.end(), piece->second.insns.begin(), piece->second.insns.end());
        image.functions.push_back({.insn_off = static_cast<std::uint32_t>(start), .type_id = piece->second.type});
        for (const codegen::Call& call : piece->second.calls) {
            std::string_view callee = call.function;
            for (auto next = pieces.find(callee); next != pieces.end() && next->second.forwards();
                 next = pieces.find(callee))
                callee = next->second.calls.front().function;
            calls.emplace_back(start + call.insn, callee);
            if (!starts.contains(callee)) waiting.emplace_back(callee);
        }
    }
    for (const auto& [at, callee] : calls)
        image.insns[at].imm =
            static_cast<std::int32_t>(static_cast<std::int64_t>(starts[callee]) - static_cast<std::int64_t>(at) - 1);
    return image;
}

} // namespace xtbpf
