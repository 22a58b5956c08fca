// SPDX-License-Identifier: GPL-2.0-or-later
#include "translator/classify/room.hpp"

#include "translator/classify/records.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <unistd.h>
#include <variant>

namespace xtbpf::classify {

namespace {

// Each costs a packet that passes it a few nanoseconds.
constexpr std::size_t kMostEdits = 128; // of one chain, with those that are dead
constexpr std::uint64_t kClosed = 0xffffffff00000000;

std::optional<Deed> deed_of(const ir::Rule& rule) {
    if (std::holds_alternative<ir::Continue>(rule.action)) return Deed{XT_DO_CONTINUE};
    if (std::holds_alternative<ir::Accept>(rule.action)) return Deed{XT_DO_ACCEPT};
    if (std::holds_alternative<ir::Drop>(rule.action)) return Deed{XT_DO_DROP};
    if (std::holds_alternative<ir::Return>(rule.action)) return Deed{XT_DO_RETURN};
    return std::nullopt;
}

__u32 first_mask(const Prefix& prefix) {
    return prefix.bits == 0 ? 0 : prefix.bits >= 32 ? ~0U : ~0U << (32 - prefix.bits);
}

__u32 port_mask(const Ports& ports) { return ports.low == ports.high ? 0xffff : 0; }

// What a packet must have, or the rule can't match.
void outline(xt_image_edit& edit, const Conditions& conditions) {
    const auto plain = [&](unsigned inverted) { return (conditions.flags & inverted) == 0; };
    edit.source = conditions.source.value[0];
    edit.source_mask = plain(XT_MORE_NOT_SOURCE) ? first_mask(conditions.source) : 0;
    edit.destination = conditions.destination.value[0];
    edit.destination_mask = plain(XT_MORE_NOT_DESTINATION) ? first_mask(conditions.destination) : 0;
    edit.ports = __u32{conditions.sports.low} << 16 | conditions.dports.low;
    edit.ports_mask = (plain(XT_MORE_NOT_SPORT) ? port_mask(conditions.sports) << 16 : 0) |
                      (plain(XT_MORE_NOT_DPORT) ? port_mask(conditions.dports) : 0);
}

std::atomic_ref<__u64> atomic(__u64& word) { return std::atomic_ref(word); }

// The state while this process makes the next edition.
__u64 claim_on(std::uint64_t state) { return state | std::uint64_t{static_cast<std::uint32_t>(::getpid())} << 32; }

// What programs must not see before all that was written before it.
void store_last(std::uint32_t& word, std::uint32_t value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
}

} // namespace

std::uint32_t parts_of(const ViewNeeds& needs) {
    std::uint32_t parts = 0;
    const auto add = [&](bool needed, std::uint32_t part) { parts |= needed ? part : 0; };
    const bool tuples = needs.conntrack_tuples || needs.conntrack_expiry;
    add(needs.in_name, XT_PART_IN_NAME);
    add(needs.out_name, XT_PART_OUT_NAME);
    add(needs.transport, XT_PART_TRANSPORT);
    add(needs.ext_headers, XT_PART_EXT_HEADERS);
    add(needs.conntrack || tuples, XT_PART_CONNTRACK);
    add(tuples, XT_PART_TUPLES);
    add(needs.owner, XT_PART_OWNER);
    add(needs.mac, XT_PART_MAC);
    add(needs.packet_type, XT_PART_PACKET_TYPE);
    return parts;
}

std::optional<Room> Room::of(std::span<std::uint8_t> image, Family family) {
    Room room(image, family);
    return room.sound() ? std::optional(room) : std::nullopt;
}

bool Room::sound() const {
    if (image_.size() < sizeof(xt_image_header) || header().bytes > image_.size()) return false;
    const auto fits = [&](std::uint64_t offset, std::uint64_t bytes) {
        return offset % 4 == 0 && offset + bytes <= header().bytes;
    };
    if (header().room == 0 || header().room % 8 != 0 || !fits(header().room, sizeof(xt_image_room))) return false;
    return room().used <= room().end && fits(room().end, 0) &&
           fits(room().deaths, XT_DEATHS * sizeof(xt_image_death)) &&
           fits(header().chains, std::uint64_t{header().chain_count} * sizeof(xt_image_chain));
}

std::uint64_t Room::state() const { return atomic(room().state).load(std::memory_order_acquire); }

std::optional<std::uint32_t> Room::chain(std::uint32_t stored) const {
    for (std::uint32_t number = 0; number < header().chain_count; ++number)
        if (at<xt_image_chain>(chain_at(number))->stored == stored) return number;
    return std::nullopt;
}

std::uint32_t Room::slot_of(std::uint32_t edit) const {
    const std::uint32_t record = edit + static_cast<std::uint32_t>(sizeof(xt_image_edit));
    return family_ == Family::V4 ? at<xt_image_rule4>(record)->rest.slot : at<xt_image_rule6>(record)->rest.slot;
}

std::vector<EditedRule> Room::rules(std::uint32_t chain, std::uint32_t edition) const {
    std::vector<EditedRule> rules;
    std::size_t seen = 0;
    for (std::uint32_t next = at<xt_image_chain>(chain_at(chain))->edits; next != 0 && seen <= kMostEdits; ++seen) {
        if (next % 64 != 0 || next + sizeof(xt_image_edit) + XT_RULE_BYTES(family_ == Family::V6) > room().end) break;
        const xt_image_edit& edit = *at<xt_image_edit>(next);
        if (edit.born <= edition && edition < edit.died && edit.text <= room().end &&
            edit.text_bytes <= room().end - edit.text)
            rules.push_back({.at = next,
                             .before = edit.before,
                             .slot = slot_of(next),
                             .base = {edit.packets, edit.bytes},
                             .text = {at<const char>(edit.text), edit.text_bytes}});
        next = edit.next;
    }
    return rules;
}

bool Room::dead(ir::Slot slot, std::uint32_t edition) const {
    if (!any_dead()) return false;
    const auto* deaths = at<xt_image_death>(room().deaths);
    for (std::uint32_t probe = 0; probe < XT_DEATH_PROBES; ++probe) {
        const xt_image_death& death = deaths[xt_death_place(slot, probe)];
        if (death.slot == 0) return false;
        if (death.slot == slot + 1) return death.died <= edition;
    }
    return false;
}

bool Room::claim(std::uint64_t state) {
    if (claimed(state) || edition(state) + 1 >= XT_MOST_EDITIONS) return false;
    before_ = state;
    changes_.clear();
    __u64 expected = state;
    return atomic(room().state).compare_exchange_strong(expected, claim_on(state));
}

void Room::change(std::uint32_t& word, std::uint32_t value) {
    changes_.push_back({&word, word});
    store_last(word, value);
}

// The word that has to lead to what is to stand there; none if the chain has too many edits.
std::uint32_t* Room::link_to(std::uint32_t chain, std::uint32_t before, std::uint32_t edit) const {
    std::uint32_t* next = &at<xt_image_chain>(chain_at(chain))->edits;
    std::uint32_t* link = nullptr;
    for (std::size_t seen = 0;; ++seen) {
        if (seen == kMostEdits) return nullptr;
        const bool here = *next == 0 || (edit == 0 ? at<xt_image_edit>(*next)->before > before : *next == edit);
        if (here && !link) link = next;
        if (*next == 0) return link;
        next = &at<xt_image_edit>(*next)->next;
    }
}

bool Room::insert(std::uint32_t chain, std::uint32_t before, std::uint32_t edit, const ir::Rule& rule,
                  std::string_view text, const Counters& base) {
    const std::optional<Deed> deed = deed_of(rule);
    const std::uint32_t parts = parts_of(view_needs(rule));
    Conditions conditions;
    conditions.read(rule, family_);
    if (!deed || !conditions.complete || (parts & ~room().parts) != 0) return false;
    std::uint32_t* link = link_to(chain, before, edit);
    if (!link) return false;

    ImageWriter out(room().used);
    RecordMaker records(out, family_);
    const std::size_t record_bytes = XT_RULE_BYTES(family_ == Family::V6);
    const std::uint32_t at_edit = out.reserve(sizeof(xt_image_edit) + record_bytes, 64);
    const Record record = records.make_edit(conditions, *deed, at_edit, chain, before, room().slots);
    xt_image_edit one{};
    one.next = *link;
    one.before = before;
    one.born = edition(before_) + 1;
    one.died = XT_MOST_EDITIONS;
    one.text = out.reserve(text.size(), 4);
    one.text_bytes = static_cast<std::uint32_t>(text.size());
    one.packets = base.packets;
    one.bytes = base.bytes;
    outline(one, conditions);
    out.write_bytes(one.text, text);
    out.write(at_edit, one);
    const std::uint32_t at_record = at_edit + static_cast<std::uint32_t>(sizeof one);
    if (family_ == Family::V4)
        out.write(at_record, record.v4);
    else
        out.write(at_record, record.v6);
    if (out.size() > room().end) return false;

    const std::uint32_t from = room().used;
    room().used = static_cast<std::uint32_t>(out.size());
    ++room().slots;
    const std::vector<std::uint8_t> bytes = std::move(out).take();
    std::ranges::copy(bytes, image_.begin() + from);
    changes_.push_back({&at<xt_image_edit>(at_edit)->born, XT_MOST_EDITIONS});
    store_last(*link, at_edit);
    return true;
}

bool Room::kill(ir::Slot slot) {
    auto* deaths = at<xt_image_death>(room().deaths);
    for (std::uint32_t probe = 0; probe < XT_DEATH_PROBES; ++probe) {
        xt_image_death& death = deaths[xt_death_place(slot, probe)];
        if (death.slot != 0 && death.slot != slot + 1) continue;
        if (death.slot == 0) death.died = XT_MOST_EDITIONS;
        change(death.died, edition(before_) + 1);
        store_last(death.slot, slot + 1);
        ++room().died;
        store_last(at<xt_image_header>(0)->deaths, room().deaths);
        return true;
    }
    return false;
}

void Room::kill_edited(std::uint32_t edit) { change(at<xt_image_edit>(edit)->died, edition(before_) + 1); }

void Room::take_back() {
    for (const Change& change : changes_)
        store_last(*change.word, change.was);
}

bool Room::unclaim(std::uint64_t next) {
    __u64 mine = claim_on(before_);
    return atomic(room().state).compare_exchange_strong(mine, next);
}

bool Room::publish() {
    if (unclaim(before_ + 1)) return true;
    take_back();
    return false;
}

void Room::give_up() {
    take_back();
    unclaim(before_);
}

bool Room::close(std::uint32_t edition) {
    before_ = state();
    while (Room::edition(before_) == edition)
        if (atomic(room().state).compare_exchange_weak(before_, edition | kClosed)) return true;
    return false;
}

void Room::reopen() { atomic(room().state).store(before_); }

} // namespace xtbpf::classify
