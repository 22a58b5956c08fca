// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/kernel_match.hpp"
#include "translator/native_match.hpp"

#include <gtest/gtest.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connlabel.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_time.h>
#include <linux/netfilter_ipv6/ip6t_opts.h>
#include <linux/netfilter_ipv6/ip6t_rt.h>

namespace xtbpf {
namespace {

template <typename Info> std::optional<NativeMatch> native(const char* name, const Info& info) {
    return native_match(kernel_match(name, 0, info));
}

TEST(NativeMatch, LeavesToTheKernelWhatOnlyItKnows) {
    xt_time_info time{};
    EXPECT_TRUE(native("time", time));
    time.flags = XT_TIME_LOCAL_TZ;
    EXPECT_FALSE(native("time", time));
    EXPECT_FALSE(native("connlabel", xt_connlabel_mtinfo{.bit = 1, .options = XT_CONNLABEL_OP_SET}));
    EXPECT_TRUE(native("connlabel", xt_connlabel_mtinfo{.bit = 1, .options = XT_CONNLABEL_OP_INVERT})->connection);
    EXPECT_FALSE(native("addrtype", xt_addrtype_info_v1{.source = 4, .dest = 0, .flags = XT_ADDRTYPE_LIMIT_IFACE_IN}));
    EXPECT_EQ(native("addrtype", xt_addrtype_info_v1{.source = 4, .dest = 2, .flags = 0})->calls.size(), 2U);
    xt_helper_info helper{};
    std::memcpy(helper.name, "sixteen letters!", 16); // longer than any helper's name
    EXPECT_FALSE(native("helper", helper));
    EXPECT_FALSE(native("recent", int{0}));
}

ir::BytesTest last_test(const std::optional<NativeMatch>& match) {
    return std::get<ir::BytesTest>(match->header->tests.back());
}

TEST(NativeMatch, NumbersThatNoHeaderHas) {
    ip6t_rt rt{};
    rt.segsleft[0] = 2;
    rt.segsleft[1] = 1;
    EXPECT_TRUE(last_test(native("rt", rt)).ranges.empty());
    rt.segsleft[1] = ~0U;
    EXPECT_EQ(last_test(native("rt", rt)).ranges, (std::vector<ir::Range>{{2, 255}}));
    ip6t_opts opts{};
    opts.flags = IP6T_OPTS_LEN;
    for (const std::uint32_t length : {7U, 9U, 2056U}) {
        opts.hdrlen = length;
        EXPECT_TRUE(last_test(native("hbh", opts)).ranges.empty()) << length;
    }
    opts.hdrlen = 2048;
    EXPECT_EQ(last_test(native("hbh", opts)).ranges, (std::vector<ir::Range>{{255, 255}}));
}

TEST(NativeMatch, OptionsUpToOneOfAnyLength) {
    ip6t_opts opts{};
    opts.flags = IP6T_OPTS_OPTS;
    opts.opts[0] = 0x0502;
    opts.opts[1] = 0x01FF;
    opts.optsnr = 2;
    const auto last_is_open = native("dst", opts);
    EXPECT_FALSE(last_is_open->header->asks_then);
    EXPECT_EQ(last_test(last_is_open).offset, 6); // 2 + (2 + 2)
    opts.optsnr = 3;
    EXPECT_TRUE(native("dst", opts)->header->asks_then);
}

} // namespace
} // namespace xtbpf
