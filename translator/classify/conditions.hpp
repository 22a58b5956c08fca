// SPDX-License-Identifier: GPL-2.0-or-later
// A rule's predicates in the form of an image: what its record holds, further tests, and what of them an index may use.
#pragma once

#include "translator/classify/image.h"
#include "translator/ir.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace xtbpf::classify {

struct Prefix {
    ir::Words value{};
    std::uint8_t bits = 0;
    bool operator==(const Prefix&) const = default;
};

struct Ports {
    std::uint16_t low = 0, high = 0xffff;
};

// One more field of which a rule wants a single value.
struct Extra {
    xt_extra kind = XT_EXTRA_NONE;
    ir::Field field{};       // XT_EXTRA_FIELD
    std::uint32_t value = 0; // of the device's name: xt_name_key
    bool operator==(const Extra&) const = default;
};

// Holds for every packet the rule matches: what an index may go by.
struct Needed {
    Prefix source, destination;
    std::vector<std::uint16_t> sports, dports; // one of these; empty: any
    std::uint8_t protocol = 0;
    bool has_protocol = false;
    Extra extra;
    bool operator==(const Needed&) const = default;
};

struct Conditions {
    Prefix source, destination;
    Ports sports, dports;
    std::uint8_t protocol = 0;
    bool has_protocol = false, has_header = false;
    std::uint8_t header_bytes = 0;
    std::uint8_t flags = 0;               // XT_MORE_*
    std::vector<xt_image_test> tests;     // in the order of the predicates
    std::array<std::uint8_t, 3> stages{}; // tests before the protocol, before the header, in all
    std::uint32_t taken = 0;              // predicates, from the first on; what follows is for generated code
    bool complete = false;                // nothing does
    Needed needed;
    Needed odd; // the same for odd packets: what has to hold before the rule can drop them, without ports

    // Takes the predicates up to the first that an image can't hold. Reuses this object's memory.
    void read(const ir::Rule& rule, Family family);
};

} // namespace xtbpf::classify
