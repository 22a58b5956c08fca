// SPDX-License-Identifier: GPL-2.0-or-later
// Predicates as rows of xt_image_test: word compares that hold one after the other, with groups of which one must hold.
#pragma once

#include "translator/classify/image.h"
#include "translator/ir.hpp"

#include <vector>

namespace xtbpf::classify {

using Tests = std::vector<xt_image_test>;

// Each appends its predicate; false: it can't be written so, and `tests` may hold a part of it.
bool append(Tests& tests, const ir::FieldTest& test);
bool append(Tests& tests, const ir::AnyOf& any);
bool append(Tests& tests, const ir::AddressTest& test, Family family);
bool append(Tests& tests, const ir::AddressRange& range, Family family);
void append(Tests& tests, const ir::InterfaceTest& test);

ir::FieldTest single(ir::Field field, std::uint32_t value, bool invert);

// Where a field lies, counted in words of the view, and the shift that brings it to the word's low end on this machine.
struct WordPlace {
    std::uint8_t word, shift;
};
WordPlace place(ir::Field field);

} // namespace xtbpf::classify
