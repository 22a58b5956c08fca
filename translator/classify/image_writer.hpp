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
    // For the part of an image that begins at offset `start`, up to 64 bytes aligned.
    explicit ImageWriter(std::uint32_t start = 0) : start_(start) {}

    // Zeros for `bytes` more bytes at a multiple of `alignment`, a power of two. Returns their offset.
    std::uint32_t reserve(std::size_t bytes, std::size_t alignment) {
        const std::size_t at = (size() + alignment - 1) & ~(alignment - 1);
        bytes_.resize(at + bytes - start_);
        return static_cast<std::uint32_t>(at);
    }

    template <typename Struct> void write(std::uint32_t offset, const Struct& value) {
        static_assert(std::is_trivially_copyable_v<Struct>);
        std::memcpy(at(offset), &value, sizeof value);
    }

    void write_bytes(std::uint32_t offset, std::string_view bytes) {
        std::memcpy(at(offset), bytes.data(), bytes.size());
    }

    template <typename Struct> Struct read(std::uint32_t offset) const {
        Struct value;
        std::memcpy(&value, bytes_.data() + (offset - start_), sizeof value);
        return value;
    }

    template <typename Struct> std::uint32_t append(const Struct& value, std::size_t alignment) {
        const std::uint32_t offset = reserve(sizeof value, alignment);
        write(offset, value);
        return offset;
    }

    void expect(std::size_t bytes) { bytes_.reserve(bytes_.size() + bytes); }
    std::size_t size() const { return start_ + bytes_.size(); } // the part's end
    std::vector<std::uint8_t> take() && { return std::move(bytes_); }

  private:
    std::uint8_t* at(std::uint32_t offset) { return bytes_.data() + (offset - start_); }

    std::uint32_t start_;
    std::vector<std::uint8_t> bytes_;
};

} // namespace xtbpf::classify
