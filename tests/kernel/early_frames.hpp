// SPDX-License-Identifier: GPL-2.0-or-later
// Frames for the early stage: Ethernet, IP, and eight bytes or more of transport.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace xtbpf::testing {

using Bytes = std::vector<std::uint8_t>;

struct Frame {
    Bytes destination{2, 0, 0, 0, 0, 1}; // MAC
    std::array<std::uint8_t, 4> from{10, 9, 0, 2}, to{10, 9, 0, 1};
    std::uint8_t protocol = 17;
    std::uint16_t port = 0; // destination
    std::uint16_t fragment = 0;
    std::uint8_t ttl = 64;
    std::uint8_t first = 0x45;
    std::size_t payload = 26;
    std::uint16_t padding = 0;

    Bytes ipv4() const {
        Bytes bytes = ethernet(0x0800);
        const std::size_t l4 = protocol == 6 ? 20 : 8, total = 20 + l4 + payload;
        const std::array<std::uint16_t, 6> words{static_cast<std::uint16_t>(first << 8),
                                                 static_cast<std::uint16_t>(total),
                                                 1,
                                                 fragment,
                                                 static_cast<std::uint16_t>(ttl << 8 | protocol),
                                                 0};
        for (std::uint16_t word : words)
            put(bytes, word);
        bytes.insert(bytes.end(), from.begin(), from.end());
        bytes.insert(bytes.end(), to.begin(), to.end());
        std::uint32_t sum = 0;
        for (std::size_t at = 14; at < 34; at += 2)
            sum += static_cast<std::uint32_t>(bytes[at] << 8 | bytes[at + 1]);
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        bytes[24] = static_cast<std::uint8_t>(~sum >> 8);
        bytes[25] = static_cast<std::uint8_t>(~sum);
        transport(bytes);
        bytes.resize(bytes.size() + padding);
        return bytes;
    }

    Bytes ipv6() const { // fd09::2 to fd09::1
        Bytes bytes = ethernet(0x86dd);
        const std::size_t l4 = protocol == 6 ? 20 : 8;
        for (std::uint16_t word : {std::uint16_t{0x6000}, std::uint16_t{0}, static_cast<std::uint16_t>(l4 + payload),
                                   static_cast<std::uint16_t>(protocol << 8 | ttl)})
            put(bytes, word);
        for (std::uint16_t last : {std::uint16_t{2}, std::uint16_t{1}}) {
            put(bytes, 0xfd09);
            bytes.insert(bytes.end(), 12, 0);
            put(bytes, last);
        }
        transport(bytes);
        return bytes;
    }

  private:
    static void put(Bytes& bytes, std::uint16_t word) {
        bytes.push_back(static_cast<std::uint8_t>(word >> 8));
        bytes.push_back(static_cast<std::uint8_t>(word));
    }
    Bytes ethernet(std::uint16_t type) const {
        Bytes bytes = destination;
        for (int byte : {2, 0, 0, 0, 0, 9})
            bytes.push_back(static_cast<std::uint8_t>(byte));
        put(bytes, type);
        return bytes;
    }
    void transport(Bytes& bytes) const {
        put(bytes, 5000);
        put(bytes, port);
        const std::size_t rest = (protocol == 6 ? 16 : 4) + payload, at = bytes.size();
        bytes.resize(at + rest);
        if (protocol == 6) bytes[at + 8] = 0x50, bytes[at + 9] = 2; // SYN
    }
};

} // namespace xtbpf::testing
