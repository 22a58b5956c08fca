// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf top
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/json.hpp"
#include "frontend/xtbpf/stop_signal.hpp"
#include "frontend/xtbpf/top/live_view.hpp"
#include "frontend/xtbpf/top/preview.hpp"
#include "frontend/xtbpf/top/screen.hpp"
#include "frontend/xtbpf/top/terminal.hpp"

#include <chrono>
#include <fmt/format.h>
#include <thread>

namespace xtbpf::tool {

namespace {

using Order = Rates::Order;

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

// Without a terminal: the counts of so many seconds.
int preview(const std::string& rule, std::chrono::milliseconds time, bool as_json) {
    auto candidate = read_candidate(rule, *kernel_backend());
    if (!candidate) return complain(candidate.error());
    auto preview = Preview::begin(std::move(*candidate));
    if (!preview) return complain(preview.error());
    stop_on_signals();
    while (!stop_wanted() && preview->seconds() * 1000 < static_cast<double>(time.count()))
        if (auto done = preview->watch(std::chrono::milliseconds(50)); !done) return complain(done.error());
    const PreviewCounts& counts = preview->counts();
    fmt::print("{}", as_json ? json(counts, preview->seconds()) : text(counts, preview->seconds()));
    return kDone;
}

} // namespace

int run_top(const Arguments& arguments) {
    namespace options = boost::program_options;
    CommandLine line("top [OPTION...]", "Rules and policies by what they count at the moment, as a live view.\n"
                                        "There `:` previews a rule on the packets that come by, before it is put in.");
    line.options()("once", "measure for one interval, print, end")(
        "interval,d", options::value<double>()->value_name("SECONDS"),
        "between two looks (default: 1)")("sort,s", options::value<std::string>()->value_name("KEY"),
                                          "p packets/s (default), b bytes/s, t total, r rules' order")(
        "lines,n", options::value<std::size_t>()->value_name("N"),
        "with --once: so many rules at most")("preview", options::value<std::string>()->value_name("RULE"),
                                              "no view: what \"-A INPUT -j DROP\" (-I, -t, -6) would do, untried")(
        "for", options::value<double>()->value_name("SECONDS"),
        "with --preview: so long (default: 10)")("json", "with --once, --preview: JSON instead of text, all rules");
    if (const auto code = line.parse(arguments)) return *code;
    const double seconds = line.get<double>("interval").value_or(1);
    if (!(seconds >= 0.05 && seconds <= 3600)) return line.misused("--interval is from 0.05 to 3600 seconds");
    const std::chrono::milliseconds interval(static_cast<std::int64_t>(seconds * 1000));
    const std::string sort = line.text("sort");
    if (!sort.empty() && sort != "p" && sort != "b" && sort != "t" && sort != "r")
        return line.misused("--sort is p, b, t or r");
    const Order order = order_of(sort.empty() ? 'p' : sort[0], Order::Packets);
    if (line.has("preview")) {
        const double time = line.get<double>("for").value_or(10);
        if (!(time >= 0.05 && time <= 86400)) return line.misused("--for is from 0.05 to 86400 seconds");
        return preview(line.text("preview"), std::chrono::milliseconds(static_cast<std::int64_t>(time * 1000)),
                       line.has("json"));
    }
    if (line.has("for")) return line.misused("--for goes with --preview");
    Meter meter;
    if (!line.has("once")) {
        if (!Terminal::there()) return line.misused("not a terminal: try --once");
        const auto done = live_view(meter, interval, order);
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
