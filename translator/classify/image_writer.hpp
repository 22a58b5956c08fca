// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of an image while they are written: structures at aligned offsets.
#pragma once

#include "translator/classify/image.h"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

namespace xtbpf::classify {

class ImageWriter {
  public:
    // Zeros for `bytes` more bytes at a multiple of `alignment`, a power of two. Returns their offset.
    std::uint32_t reserve(std::size_t bytes, std::size_t alignment) {
        const std::size_t at = (bytes_.size() + alignment - 1) & ~(alignment - 1);
        bytes_.resize(at + bytes);
        return static_cast<std::uint32_t>(at);
    }

    template <typename Struct> void write(std::uint32_t offset, const Struct& value) {
        static_assert(std::is_trivially_copyable_v<Struct>);
        std::memcpy(bytes_.data() + offset, &value, sizeof value);
    }

    void write_bytes(std::uint32_t offset, std::string_view bytes) {
        std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    }

    template <typename Struct> Struct read(std::uint32_t offset) const {
        Struct value;
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }

    template <typename Struct> std::uint32_t append(const Struct& value, std::size_t alignment) {
        const std::uint32_t at = reserve(sizeof value, alignment);
        write(at, value);
        return at;
    }

    void expect(std::size_t bytes) { bytes_.reserve(bytes_.size() + bytes); }
    std::size_t size() const { return bytes_.size(); }
    std::vector<std::uint8_t> take() && { return std::move(bytes_); }

  private:
    std::vector<std::uint8_t> bytes_;
};

} // namespace xtbpf::classify
