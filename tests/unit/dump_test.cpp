// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/ir.hpp"

#include <cstring>
#include <gtest/gtest.h>

namespace xtbpf::ir {

TEST(Dump, EveryPredicateAndAction) {
    Table table;
    table.chains.resize(2);
    table.chains[0] = {"INPUT", Builtin{Hook::Input, false, 0}, {}};
    table.chains[1].name = "odd \"name";
    InterfaceTest exact{.direction = Direction::In, .invert = true}, prefix{.direction = Direction::Out};
    std::memcpy(exact.name.data(), "eth0", 4);
    std::memset(exact.mask.data(), 0xff, 5);
    std::memcpy(prefix.name.data(), "tun", 3);
    std::memset(prefix.mask.data(), 0xff, 3);
    const FieldTest state{.field = Field::CtState, .mask = 6, .ranges = {{1, 6}}, .gate = {}};
    const FieldTest ports{.field = Field::DestinationPort, .ranges = {{22, 22}, {80, 90}}, .invert = true, .gate = {}};
    const FieldTest uid{.field = Field::Uid, .ranges = {{0, 0}}, .gate = Gate{Field::Owner, 2, false}};
    const AddressTest net{
        .field = AddressField::Source, .value = {0x0a000000, 0, 0, 0}, .mask = {0xff000000, 0, 0, 0}, .gate = {}};
    const AddressTest holes{.field = AddressField::Destination,
                            .value = {1, 0, 0, 0},
                            .mask = {0xff0000ff, 0, 0, 0},
                            .invert = true,
                            .gate = {}};
    table.chains[0].rules = {
        {{exact, prefix, ProtocolTest{6, true}}, Accept{}, 1},
        {{net, holes, AddressRange{AddressField::Source, {1, 0, 0, 0}, {2, 0, 0, 0}, false}}, Drop{}, 2},
        {{ProtocolTest{6}, HeaderTest{20, true}, ports, TcpOptionTest{2, true}}, Return{}, 3},
        {{state, uid, AnyOf{{ports, state}, true}}, Continue{}, 4},
        {{LimitTest{200, 5, 0}, KernelMatch{"addrtype", 1, {0x01, 0xff}}}, Jump{1, true}, 5},
        {{}, HandOff{RejectEffect{true, 0}}, 6},
        {{}, HandOff{RejectEffect{false, 3}}, 7},
        {{}, HandOff{LogEffect{"in\n", 4, 1}}, 8},
    };
    EXPECT_EQ(dump(table), R"(table ipv4 filter
chain INPUT policy drop [0]
  [1] in!=eth0 out=tun+ -p!=6 -> accept
  [2] src=10.0.0.0/8 dst!=0.0.0.1/255.0.0.255 src=0.0.0.1-0.0.0.2 -> drop
  [3] -p=6 header(20,drop-offset-1) dport!=22,80-90 !tcp-option(2) -> return
  [4] ct-state&0x6=0x1-0x6 owner>=2?else-false:uid=0 !(dport!=22,80-90 | ct-state&0x6=0x1-0x6) -> continue
  [5] limit(avg=200,burst=5,state=0) kernel(addrtype/1:01ff) -> goto "odd \x22name"
  [6] -> reject(tcp-reset)
  [7] -> reject(icmp=3)
  [8] -> log(prefix="in\x0a",level=4,flags=0x1)
chain "odd \x22name"
)");
}

TEST(Dump, Ipv6Addresses) {
    Table table{Family::V6, TableId::Raw, {{"c", {}, {}}}};
    const AddressTest test{
        .field = AddressField::Source, .value = {0x20010db8, 0, 0, 0}, .mask = {~0U, ~0U, 0, 0}, .gate = {}};
    table.chains[0].rules = {{{test}, Accept{}, 1}};
    EXPECT_EQ(dump(table), "table ipv6 raw\nchain c\n  [1] src=2001:db8:0:0:0:0:0:0/64 -> accept\n");
}

} // namespace xtbpf::ir
