// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf top
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/json.hpp"
#include "frontend/xtbpf/top/sampler.hpp"
#include "frontend/xtbpf/top/screen.hpp"
#include "frontend/xtbpf/top/terminal.hpp"

#include <chrono>
#include <fmt/format.h>
#include <thread>

namespace xtbpf::tool {

namespace {

using Clock = std::chrono::steady_clock;
using Order = Rates::Order;

class Meter {
  public:
    Result<void> read() {
        const auto samples = sampler_.sample();
        if (!samples) return std::unexpected(samples.error());
        const auto now = Clock::now();
        rates_.add(*samples, first_ ? 0 : std::chrono::duration<double>(now - last_).count());
        first_ = false;
        last_ = now;
        return {};
    }
    std::vector<Rate> sorted(Order order) const { return rates_.sorted(order); }

  private:
    Sampler sampler_;
    Rates rates_;
    Clock::time_point last_;
    bool first_ = true;
};

std::string json(const std::vector<Rate>& rates) {
    Json out = Json::array();
    for (const Rate& rate : rates)
        out.push_back({{"place", rate.place},
                       {"rule", rate.text},
                       {"packets", rate.total.packets},
                       {"bytes", rate.total.bytes},
                       {"packets_per_second", rate.packets},
                       {"bytes_per_second", rate.bytes}});
    return line({{"rules", std::move(out)}});
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

Result<void> live(Meter& meter, std::chrono::milliseconds interval, Order order) {
    const Terminal terminal;
    bool paused = false;
    for (auto next = Clock::now();;) {
        if (!paused && Clock::now() >= next) {
            if (auto done = meter.read(); !done) return done;
            next = Clock::now() + interval;
        }
        const Terminal::Size size = terminal.size();
        terminal.show(table(meter.sorted(order), size.lines - 1, size.columns) +
                      "p packets  b bytes  t total  r rules' order  space pause  q quit");
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
        const auto key = terminal.key(paused ? interval : std::max(left, std::chrono::milliseconds(0)));
        if (key == 'q') return {};
        if (key == ' ') paused = !paused;
        if (key) order = order_of(*key, order);
    }
}

} // namespace

int run_top(const Arguments& arguments) {
    namespace options = boost::program_options;
    CommandLine line("top [OPTION...]", "Rules and policies by what they count at the moment, as a live view.");
    line.options()("once", "measure for one interval, print, end")(
        "interval,d", options::value<double>()->value_name("SECONDS"),
        "between two looks (default: 1)")("sort,s", options::value<std::string>()->value_name("KEY"),
                                          "p packets/s (default), b bytes/s, t total, r rules' order")(
        "lines,n", options::value<std::size_t>()->value_name("N"),
        "with --once: so many rules at most")("json", "with --once: JSON instead of text, all rules");
    if (const auto code = line.parse(arguments)) return *code;
    const double seconds = line.get<double>("interval").value_or(1);
    if (!(seconds >= 0.05 && seconds <= 3600)) return line.misused("--interval is from 0.05 to 3600 seconds");
    const std::chrono::milliseconds interval(static_cast<std::int64_t>(seconds * 1000));
    const std::string sort = line.text("sort");
    if (!sort.empty() && sort != "p" && sort != "b" && sort != "t" && sort != "r")
        return line.misused("--sort is p, b, t or r");
    const Order order = order_of(sort.empty() ? 'p' : sort[0], Order::Packets);
    Meter meter;
    if (!line.has("once")) {
        if (!Terminal::there()) return line.misused("not a terminal: try --once");
        const auto done = live(meter, interval, order);
        return done ? kDone : complain(done.error());
    }
    auto done = meter.read();
    std::this_thread::sleep_for(interval);
    if (done) done = meter.read();
    if (!done) return complain(done.error());
    const std::size_t lines = line.get<std::size_t>("lines").value_or(0);
    const auto rates = meter.sorted(order);
    fmt::print("{}", line.has("json") ? json(rates) : table(rates, lines == 0 ? 0 : lines + 1, 0));
    return kDone;
}

} // namespace xtbpf::tool
