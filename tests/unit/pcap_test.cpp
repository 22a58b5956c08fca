// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/explain/evidence.hpp"
#include "frontend/xtbpf/explain/pcap.hpp"

#include <gtest/gtest.h>
#include <linux/if_packet.h>

namespace xtbpf::tool {

namespace {

using Bytes = std::vector<std::uint8_t>;

void word(Bytes& out, std::uint32_t value, bool big) {
    for (int byte = 0; byte < 4; ++byte)
        out.push_back(static_cast<std::uint8_t>(value >> (big ? 24 - 8 * byte : 8 * byte)));
}

Bytes pcap(std::uint32_t link, const std::vector<Bytes>& frames, bool big = false, std::uint32_t cut = 0) {
    Bytes out;
    for (const std::uint32_t each : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, link})
        word(out, each, big);
    for (const Bytes& frame : frames) {
        const auto size = static_cast<std::uint32_t>(frame.size());
        for (const std::uint32_t each : {0U, 0U, size - cut, size})
            word(out, each, big);
        out.insert(out.end(), frame.begin(), frame.end() - cut);
    }
    return out;
}

Bytes udp(std::uint8_t payload) {
    Bytes out{0x45, 0,
              0,    static_cast<std::uint8_t>(28 + payload),
              0,    0,
              0,    0,
              64,   17,
              0,    0,
              10,   0,
              0,    1,
              10,   0,
              0,    2,
              0x30, 0x39,
              0,    53,
              0,    static_cast<std::uint8_t>(8 + payload),
              0,    0};
    out.resize(out.size() + payload);
    return out;
}

Bytes framed(Bytes header, const Bytes& packet) {
    header.insert(header.end(), packet.begin(), packet.end());
    return header;
}

TEST(Pcap, ReadsEitherByteOrder) {
    for (const bool big : {false, true}) {
        const auto read = read_pcap(pcap(101, {udp(0), udp(4)}, big));
        ASSERT_TRUE(read);
        ASSERT_EQ(read->size(), 2);
        EXPECT_EQ((*read)[1].packet, udp(4));
        EXPECT_EQ(summary(*packet_of((*read)[0])), "udp src 10.0.0.1 sport 12345 dst 10.0.0.2 dport 53 length 28");
    }
}

TEST(Pcap, StepsOverEthernetAndVlanTags) {
    const Bytes plain{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0};
    const Bytes tagged{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 7, 8, 0};
    const Bytes arp{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6, 0, 0};
    const auto read = read_pcap(pcap(1, {framed(plain, udp(0)), framed(tagged, udp(1)), arp, {1, 2}}));
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)[0].type, PACKET_BROADCAST);
    const auto first = packet_of((*read)[0]);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->view.mac_src_hi, 0x200);
    EXPECT_EQ(first->view.mac_src_lo, 1);
    EXPECT_EQ((*read)[1].packet, udp(1));
    EXPECT_EQ((*read)[2].trouble, "not IP (Ethernet type 0x0806)");
    EXPECT_EQ((*read)[3].trouble, "cut off in the Ethernet header");
}

TEST(Pcap, AShortSnapshotKeepsItsHeaders) {
    const auto far = read_pcap(pcap(101, {udp(100)}, false, 60));
    ASSERT_TRUE(far && packet_of((*far)[0]));
    EXPECT_EQ(packet_of((*far)[0])->view.len, 128);
    EXPECT_EQ((*far)[0].packet.size(), 128 - 60) << "a small file that tells of many long packets takes no more memory";
    const auto near = read_pcap(pcap(101, {udp(100)}, false, 100));
    ASSERT_TRUE(near);
    EXPECT_FALSE(packet_of((*near)[0])) << "the transport header is cut off";
}

TEST(Pcap, RefusesWhatItCannotRead) {
    const auto error = [](const Bytes& file) {
        const auto read = read_pcap(file);
        return read ? std::string("read") : read.error().message;
    };
    EXPECT_EQ(error({}), "not a pcap file: too short");
    EXPECT_EQ(error(Bytes(24)), "not a pcap file");
    EXPECT_EQ(error(pcap(147, {})), "link type 147 isn't known here");
    Bytes whole = pcap(101, {udp(0)});
    for (std::size_t size = 24; size < whole.size(); ++size) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(error(part), size == 24 ? "read" : "the file is cut off");
    }
    whole[32] = whole[33] = whole[34] = 0xff;
    EXPECT_EQ(error(whole), "a record of absurd length");
}

} // namespace

} // namespace xtbpf::tool
