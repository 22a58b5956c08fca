// SPDX-License-Identifier: GPL-2.0-or-later
// The values of a BPF map (BPF_F_MMAPABLE) in memory, as long as this lives.
#pragma once

#include "translator/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace xtbpf {

class Mapping {
  public:
    // All values of the array map `fd`, each 8 bytes aligned. Errors: Refused.
    static Result<Mapping> readable(int fd);
    static Result<Mapping> writable(int fd); // the map isn't frozen, nor read-only to programs

    Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Mapping();

    std::span<const std::uint8_t> bytes() const { return bytes_; }
    std::span<std::uint8_t> writable_bytes() { return bytes_; } // of a writable one

  private:
    explicit Mapping(std::span<std::uint8_t> bytes) : bytes_(bytes) {}
    static Result<Mapping> make(int fd, int protection);

    std::span<std::uint8_t> bytes_;
};

} // namespace xtbpf
