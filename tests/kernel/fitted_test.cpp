// SPDX-License-Identifier: GPL-2.0-or-later
// What libbpf has made of an object is kept with the rules, so that the next command needn't make it again.
#include "datapath/backend.hpp"
#include "datapath/fitted_object.hpp"
#include "datapath/mapping.hpp"
#include "datapath/store.hpp"
#include "datapath/store_format.hpp"
#include "datapath/store_maps.hpp"
#include "frontend/lower.hpp"
#include "tests/kernel/anchor_fixture.hpp"

namespace xtbpf::testing {

class Fitted : public Anchor {};

TEST_F(Fitted, TheHolderKeepsIt) {
    StoredTable table;
    for (const Hook hook : hooks_of(TableId::Filter))
        table.chains.push_back({.name = std::string(name(hook)), .accept = true, .account = {}, .rules = {}});
    table.chains[0].accept = false; // or else there were no program
    auto linked = link(std::move(table));
    ASSERT_TRUE(linked);
    const auto backend = make_kernel_backend([](const StoredTable& stored) -> Result<ir::Table> {
        auto lowered = link(stored);
        if (!lowered) return std::unexpected(lowered.error());
        return std::move(lowered->program);
    });
    ASSERT_TRUE(done(backend->commit(std::move(linked->stored), std::move(linked->program))));

    const auto current = read_store(Family::V4, TableId::Filter);
    ASSERT_TRUE(current && *current);
    const auto tag = parse_tag((*current)->tag);
    ASSERT_TRUE(tag);
    const auto maps = open_store_maps(tag->holder);
    ASSERT_TRUE(maps && *maps);
    ASSERT_FALSE((*maps)->fitted.empty());
    bool exact = false;
    for (const Fd& map : (*maps)->fitted) {
        const auto bytes = Mapping::readable(map.get());
        ASSERT_TRUE(bytes);
        const auto object = parse_fitted(bytes->bytes().subspan(16));
        ASSERT_TRUE(object) << object.error().message;
        exact = exact || (object->name == "xt_exact" && object->programs.size() == 10);
    }
    EXPECT_TRUE(exact);
}

} // namespace xtbpf::testing
