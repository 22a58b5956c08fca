// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/extensions/u32_tests.hpp"

#include "frontend/extensions/guided.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>

namespace xtbpf {

namespace {

constexpr std::array<std::string_view, 4> kOperators{"&", "<<", ">>", "@"}; // by enum xt_u32_ops

// u32_parse: locations until `=`, then values until `&&`. Messages name the place where reading stopped.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<xt_u32> parse() {
        for (;;) {
            auto read = location();
            if (read) read = values();
            if (!read) return std::unexpected(std::move(read.error()));
            result_.ntests = ++tests_;
            if (tests_ > XT_U32_MAXSIZE) return too_many("&&");
            if (here() == '\0') return result_;
            ++at_; // the second `&`
        }
    }

  private:
    std::unexpected<Error> bad(std::string_view what) const {
        return fail(ErrorKind::BadParameter, fmt::format("u32: {}", what));
    }
    std::unexpected<Error> bad_at(std::string_view what) const { return bad(fmt::format("at char {}: {}", at_, what)); }
    std::unexpected<Error> too_many(std::string_view what) const {
        return bad_at(fmt::format("too many \"{}\"s", what));
    }

    void skip_blanks() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])))
            ++at_;
    }
    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    Result<std::uint32_t> number() {
        std::string_view rest = text_.substr(at_);
        const auto number = leading_number(rest, 0, ~0U);
        if (!number) return bad_at("not a number or out of range");
        at_ = text_.size() - rest.size();
        return static_cast<std::uint32_t>(*number);
    }

    // The rest of an operator of two equal characters, of which the first is here.
    Result<void> second(char wanted) {
        ++at_;
        if (here() != wanted) return bad_at(fmt::format("a second '{}' was expected", wanted));
        return {};
    }

    Result<std::uint8_t> operation() {
        switch (here()) {
        case '&': ++at_; return static_cast<std::uint8_t>(XT_U32_AND);
        case '@': ++at_; return static_cast<std::uint8_t>(XT_U32_AT);
        case '<':
        case '>': {
            const bool left = here() == '<';
            if (auto two = second(here()); !two) return std::unexpected(std::move(two.error()));
            ++at_;
            return static_cast<std::uint8_t>(left ? XT_U32_LEFTSH : XT_U32_RIGHTSH);
        }
        default: return bad_at("operator expected");
        }
    }

    Result<void> location() {
        xt_u32_test& test = result_.tests[tests_];
        std::uint8_t count = 0;
        for (;; ++count) {
            skip_blanks();
            if (here() == '\0') return bad("abrupt end of input after location specifier");
            if (here() == '=') break;
            xt_u32_location_element element{};
            if (count != 0) {
                const auto next = operation();
                if (!next) return std::unexpected(next.error());
                element.nextop = *next;
            }
            const auto value = number();
            if (!value) return std::unexpected(value.error());
            element.number = *value;
            if (count == XT_U32_MAXSIZE) return bad_at("too many operators");
            test.location[count] = element;
        }
        if (count == 0) return bad_at("location spec missing");
        ++at_;
        test.nnums = count;
        return {};
    }

    // Ends at the end of the text or on the second `&`.
    Result<void> values() {
        xt_u32_test& test = result_.tests[tests_];
        std::uint8_t count = 0;
        for (;; ++count) {
            skip_blanks();
            if (here() == '\0') {
                if (count == 0) return bad("test ended with no value specified");
                break;
            }
            if (here() == '&') {
                if (auto two = second('&'); !two) return two;
                if (count == 0) return bad_at("value spec missing");
                break;
            }
            if (count > 0) {
                if (here() != ',') return bad_at("expected \",\" or \"&&\"");
                ++at_;
            }
            const auto low = number();
            if (!low) return std::unexpected(low.error());
            skip_blanks();
            auto high = low;
            if (here() == ':') {
                ++at_;
                high = number();
                if (!high) return std::unexpected(high.error());
            }
            if (count == XT_U32_MAXSIZE) return too_many(",");
            test.value[count] = {*low, *high};
        }
        test.nvalues = count;
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint8_t tests_ = 0;
    xt_u32 result_{};
};

} // namespace

Result<xt_u32> parse_u32_tests(std::string_view text) { return Parser(text).parse(); }

bool u32_tests_are_valid(const xt_u32& tests) {
    constexpr std::size_t kMost = XT_U32_MAXSIZE + 1; // of each
    return tests.ntests <= kMost && std::all_of(tests.tests, tests.tests + tests.ntests, [](const xt_u32_test& test) {
               return test.nnums <= kMost && test.nvalues <= kMost &&
                      std::all_of(test.location, test.location + test.nnums,
                                  [](const auto& element) { return element.nextop < kOperators.size(); });
           });
}

void append_u32_tests(std::string& out, const xt_u32& tests) {
    const auto put = [&](const char* format, auto... numbers) {
        fmt::format_to(std::back_inserter(out), fmt::runtime(format), numbers...);
    };
    out += " \"";
    for (std::size_t i = 0; i < tests.ntests; ++i) {
        const xt_u32_test& test = tests.tests[i];
        if (i > 0) out += "&&";
        for (std::size_t at = 0; at < test.nnums; ++at) {
            if (at > 0) out += kOperators.at(test.location[at].nextop);
            put("{:#x}", test.location[at].number);
        }
        out += '=';
        for (std::size_t at = 0; at < test.nvalues; ++at) {
            if (at > 0) out += ',';
            put("{:#x}", test.value[at].min);
            if (test.value[at].min != test.value[at].max) put(":{:#x}", test.value[at].max);
        }
    }
    out += '"';
}

} // namespace xtbpf
