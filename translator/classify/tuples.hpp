// SPDX-License-Identifier: GPL-2.0-or-later
// Spreads the rules of a long chain over few tuples (image.h), so that few rules share a key.
#pragma once

#include "translator/classify/conditions.hpp"
#include "translator/classify/groups.hpp"

#include <compare>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace xtbpf::classify {

// Which bits of a packet a key is made of.
struct Shape {
    std::uint8_t source = 0, destination = 0; // prefix lengths
    bool sport = false, dport = false, protocol = false;
    std::uint8_t extra = XT_EXTRA_NONE;
    ir::Field extra_field{};

    auto operator<=>(const Shape&) const = default;
    bool empty() const { return *this == Shape{}; }
    bool within(const Shape& finer) const; // whether keys of `finer` have all these bits
    unsigned bits() const;
};

// What a rule, or one of the alternatives it lists, wants of a packet.
struct RuleKey {
    ir::Words source{}, destination{};
    std::uint32_t ports = 0; // source << 16 | destination
    std::uint32_t protocol = 0;
    std::uint32_t extra = 0;
    std::uint32_t rule = 0;
    std::uint32_t shape = 0; // index into KeySet::shapes
};

struct KeySet {
    std::vector<RuleKey> keys; // in the order of rules
    std::vector<Shape> shapes;

    void add(std::uint32_t rule, const Needed& needed, Family family);

  private:
    std::uint32_t shape_number(const Shape& shape);
    std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
};

struct Tuple {
    Shape shape;
    xt_image_tuple masks{};
    Groups groups; // of indexes into KeySet::keys; at most one, of hash 0, if the shape is empty
};

struct Spread {
    std::vector<Tuple> tuples; // at most XT_MOST_TUPLES
    Links links;               // their groups' memory
};

// Every key is in one group of one tuple.
Spread spread(const KeySet& set, Family family);

} // namespace xtbpf::classify
