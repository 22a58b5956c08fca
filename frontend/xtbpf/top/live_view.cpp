// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/live_view.hpp"

#include "datapath/backend.hpp"
#include "frontend/lower.hpp"
#include "frontend/xtbpf/stop_signal.hpp"
#include "frontend/xtbpf/top/preview.hpp"
#include "frontend/xtbpf/top/screen.hpp"
#include "frontend/xtbpf/top/terminal.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace xtbpf::tool {

namespace {

using Clock = std::chrono::steady_clock;
using Order = Rates::Order;
using std::chrono::milliseconds;

constexpr std::string_view kKeys = "q quit  p packets  b bytes  t total  r order  space pause  : preview a rule";

// The lines below the rules, where a rule is typed in, previewed and committed.
class Prompt {
  public:
    bool open() const { return typed_.has_value(); }
    bool previews() const { return preview_.has_value(); }

    void begin() {
        typed_.emplace();
        said_.clear();
    }

    void key(char key) {
        if (key == Terminal::kEscape) return give_up("");
        if (key == '\r' || key == '\n') return preview_ ? commit() : preview();
        if (preview_) return;
        said_.clear();
        if (key == 0x7f || key == '\b') {
            if (!typed_->empty()) typed_->pop_back();
        } else if (static_cast<unsigned char>(key) >= 0x20) {
            *typed_ += key;
        }
    }

    void watch(milliseconds patience) {
        if (auto done = preview_->watch(patience); !done) give_up(done.error().message);
    }

    std::string lines() const {
        if (!open()) return said_.empty() ? std::string(kKeys) : said_;
        if (!preview_)
            return "iptables " + *typed_ + "_\n" + (said_.empty() ? "Enter previews it, Esc gives up" : said_);
        return "iptables " + *typed_ + '\n' + text(preview_->counts(), preview_->seconds()) +
               "Enter puts it in, Esc gives up";
    }

  private:
    void give_up(std::string why) {
        typed_.reset();
        preview_.reset();
        said_ = std::move(why);
    }
    void preview() {
        auto candidate = read_candidate(*typed_, *kernel_backend());
        if (!candidate) return say(candidate.error());
        auto begun = Preview::begin(std::move(*candidate));
        if (!begun) return say(begun.error());
        preview_.emplace(std::move(*begun));
    }
    void commit() {
        const Candidate& candidate = preview_->candidate();
        const auto done = commit_candidate(candidate, *kernel_backend());
        give_up(done ? "done: " + *typed_ : done.error().message);
    }
    void say(const Error& error) { said_ = error.message; }

    std::optional<std::string> typed_;
    std::optional<Preview> preview_;
    std::string said_;
};

} // namespace

Result<void> Meter::read() {
    const auto samples = sampler_.sample();
    if (!samples) return std::unexpected(samples.error());
    const auto now = Clock::now();
    rates_.add(*samples, first_ ? 0 : std::chrono::duration<double>(now - last_).count());
    first_ = false;
    last_ = now;
    return {};
}

Order order_of(char key, Order now) {
    switch (key) {
    case 'p': return Order::Packets;
    case 'b': return Order::Bytes;
    case 't': return Order::Total;
    case 'r': return Order::Place;
    default: return now;
    }
}

std::unique_ptr<Backend> kernel_backend() { return make_kernel_backend(lower_table); }

Result<void> live_view(Meter& meter, milliseconds interval, Order order) {
    stop_on_signals(); // the terminal is left as it was
    const Terminal terminal;
    Prompt prompt;
    bool paused = false;
    for (auto next = Clock::now(), shown = next; !stop_wanted();) {
        if (!paused && Clock::now() >= next) {
            if (auto done = meter.read(); !done) return done;
            next = Clock::now() + interval;
        }
        if (!prompt.previews() || Clock::now() >= shown) {
            const Terminal::Size size = terminal.size();
            const std::string below = fitted(prompt.lines(), size.columns);
            const auto taken = static_cast<std::size_t>(std::ranges::count(below, '\n')) + 1;
            const std::size_t left = size.lines > taken + 1 ? size.lines - taken : 1;
            terminal.show(table(meter.sorted(order), left, size.columns) + below);
            shown = Clock::now() + std::min(interval, milliseconds(250));
        }
        std::optional<char> key;
        if (prompt.previews()) {
            prompt.watch(milliseconds(20));
            key = terminal.key(milliseconds(0));
        } else {
            const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
            key = terminal.key(paused ? interval : std::max(left, milliseconds(0)));
        }
        if (!key) continue;
        if (key == Terminal::kEnd || (!prompt.open() && key == 'q')) return {};
        if (prompt.open()) {
            prompt.key(*key);
            shown = Clock::now();
        } else if (key == ':') {
            prompt.begin();
        } else {
            paused = paused != (key == ' ');
            order = order_of(*key, order);
        }
    }
    return {};
}

} // namespace xtbpf::tool
