// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/fitted_object.hpp"

#include <cstring>
#include <type_traits>

namespace xtbpf {

namespace {

// Both directions go through fields().
class Out {
  public:
    std::vector<std::uint8_t> bytes;

    void raw(const void* data, std::size_t size) {
        const auto* from = static_cast<const std::uint8_t*>(data);
        bytes.insert(bytes.end(), from, from + size);
    }
    template <typename T> void items(std::vector<T>& all);
    void items(std::string& text) {
        count(text.size());
        raw(text.data(), text.size());
    }
    template <typename T> void number(T& value) { raw(&value, sizeof value); }

  private:
    void count(std::size_t size) {
        const std::uint64_t wide = size;
        raw(&wide, sizeof wide);
    }
};

// Past the end everything is empty and `ok` false.
class In {
  public:
    explicit In(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
    bool ok = true;

    template <typename T> void items(std::vector<T>& all);
    void items(std::string& text) {
        text.resize(count(1));
        raw(text.data(), text.size());
    }
    template <typename T> void number(T& value) { raw(&value, sizeof value); }

  private:
    void raw(void* data, std::size_t size) {
        if (size > rest_.size()) ok = false;
        if (!ok || size == 0) return;
        std::memcpy(data, rest_.data(), size);
        rest_ = rest_.subspan(size);
    }
    // Of elements that take at least `least` bytes each.
    std::size_t count(std::size_t least) {
        std::uint64_t wide = 0;
        raw(&wide, sizeof wide);
        if (wide > rest_.size() / least) ok = false;
        return ok ? wide : 0;
    }

    std::span<const std::uint8_t> rest_;
};

template <typename Archive> void fields(Archive& archive, FittedMap& map) {
    archive.items(map.name);
    for (std::uint32_t* number : {&map.type, &map.key_size, &map.value_size, &map.max_entries, &map.flags})
        archive.number(*number);
    archive.items(map.inner);
    archive.items(map.initial);
}

template <typename Archive> void fields(Archive& archive, codegen::Call& call) {
    archive.number(call.insn);
    archive.items(call.function);
}

template <typename Archive> void fields(Archive& archive, FittedFunction& function) {
    archive.items(function.name);
    archive.number(function.type);
    archive.items(function.insns);
    archive.items(function.calls);
}

template <typename Archive> void fields(Archive& archive, FittedProgram& program) {
    archive.items(program.name);
    archive.number(program.type);
}

template <typename Archive> void fields(Archive& archive, FittedObject& object) {
    archive.items(object.name);
    archive.items(object.maps);
    archive.items(object.programs);
    archive.items(object.functions);
    archive.items(object.types);
    archive.items(object.modules);
    archive.number(object.kernel.nf_conn);
    for (std::uint64_t* number : {&object.kernel.gro, &object.kernel.gro_udp, &object.kernel.vlan_strip})
        archive.number(*number);
}

template <typename T> void Out::items(std::vector<T>& all) {
    count(all.size());
    if constexpr (std::is_trivially_copyable_v<T>)
        raw(all.data(), all.size() * sizeof(T));
    else
        for (T& each : all)
            fields(*this, each);
}

template <typename T> void In::items(std::vector<T>& all) {
    constexpr bool plain = std::is_trivially_copyable_v<T>;
    all.resize(count(plain ? sizeof(T) : 1));
    if constexpr (plain)
        raw(all.data(), all.size() * sizeof(T));
    else
        for (T& each : all)
            if (ok) fields(*this, each);
}

} // namespace

std::vector<std::uint8_t> serialize(FittedObject& object) {
    Out out;
    fields(out, object);
    return std::move(out.bytes);
}

Result<FittedObject> parse_fitted(std::span<const std::uint8_t> bytes) {
    In in(bytes);
    FittedObject object;
    fields(in, object);
    if (!in.ok) return fail(ErrorKind::Refused, "a BPF object kept in the kernel is malformed");
    return object;
}

} // namespace xtbpf
