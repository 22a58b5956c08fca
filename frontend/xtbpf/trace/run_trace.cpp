// SPDX-License-Identifier: GPL-2.0-or-later
// xtbpf trace: what becomes of packets that come by, rule by rule.
#include "datapath/early_attach.hpp"
#include "frontend/xtbpf/command_line.hpp"
#include "frontend/xtbpf/explain/explanation.hpp"
#include "frontend/xtbpf/stop_signal.hpp"
#include "frontend/xtbpf/trace/tracing.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fmt/format.h>

namespace xtbpf::tool {

namespace {

namespace options = boost::program_options;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kLongest = 366 * 86400;

// Switched off, the early stage leaves all packets to the hooks, where they can be seen; no verdict changes.
class EarlyPause {
  public:
    static Result<EarlyPause> begin() {
        auto were_on = early::switch_off();
        if (!were_on) return std::unexpected(were_on.error());
        return EarlyPause(std::move(*were_on));
    }
    EarlyPause(EarlyPause&& other) noexcept : were_on_(std::exchange(other.were_on_, {})) {}
    ~EarlyPause() { (void)early::switch_on(were_on_); }

    // A commit in the meantime has put new programs there.
    void renew() {
        if (Clock::now() < next_) return;
        next_ = Clock::now() + milliseconds(300);
        if (const auto more = early::switch_off()) were_on_.insert(were_on_.end(), more->begin(), more->end());
    }

  private:
    explicit EarlyPause(std::vector<std::uint32_t> were_on) : were_on_(std::move(were_on)) {}
    std::vector<std::uint32_t> were_on_;
    Clock::time_point next_;
};

struct Wanted {
    std::size_t packets = 0; // 0: no end
    std::optional<double> seconds;
    bool verbose = false, as_json = false;
};

Result<void> trace(Tracing& tracing, std::optional<EarlyPause>& pause, const Wanted& wanted) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(wanted.seconds.value_or(0)));
    std::size_t shown = 0;
    const auto enough = [&] { return wanted.packets != 0 && shown == wanted.packets; };
    const Tracing::Show show = [&](const Explanation& told) {
        if (enough()) return;
        ++shown;
        fmt::print("{}", wanted.as_json ? json({told}, wanted.verbose) : text(told, wanted.verbose) + "\n");
        std::fflush(stdout);
    };
    while (!stop_wanted() && !enough() && (!wanted.seconds || Clock::now() < end)) {
        if (auto done = tracing.wait(milliseconds(50), show); !done) return done;
        if (pause) pause->renew();
    }
    if (const auto lost = tracing.lost(); lost > 0)
        fmt::print(stderr, "xtbpf: {} more came too fast to be shown\n", lost);
    return {};
}

} // namespace

int run_trace(const Arguments& arguments) {
    CommandLine line("trace [OPTION...] [FILTER...]",
                     "What becomes of packets that come by: each table's rules that match, in TRACE's words. The "
                     "filter's words are\n"
                     "those of `explain': tcp, udp, proto, src, dst, sport, dport. Where only the kernel can tell, the "
                     "line has a `?'.\n"
                     "A change of the rules is followed. Packets that are dropped early aren't seen, but with --all. "
                     "Until Control-C.");
    line.options()("count,c", options::value<std::size_t>()->value_name("N"),
                   "end after so many (a packet counts once a table)")(
        "seconds,s", options::value<double>()->value_name("S"), "end after so long")(
        "assume,a", options::value<std::vector<std::string>>()->value_name("WHAT")->composing(),
        "what only the kernel can tell, as of `explain'")("marked,m", "only packets that a rule's TRACE has marked")(
        "all", "switch the early stage off meanwhile: slower, but no verdict changes")(
        "verbose,v", "rules that don't match, too, and why")("json", "JSON, a line for each");
    if (const auto code = line.parse(arguments, true)) return *code;
    if (line.get<std::size_t>("count") == 0U) return line.misused("--count 0 would show nothing");
    if (const auto seconds = line.get<double>("seconds"); seconds && !(*seconds <= kLongest))
        return line.misused(fmt::format("--seconds is at most {}", kLongest));
    const auto filter = tap_filter(line.words());
    if (!filter) return line.misused(filter.error().message);
    auto assume = line.get<std::vector<std::string>>("assume").value_or(std::vector<std::string>{});
    std::optional<EarlyPause> pause;
    if (line.has("all")) {
        auto begun = EarlyPause::begin();
        if (!begun) return complain(begun.error());
        pause.emplace(std::move(*begun));
    }
    stop_on_signals();
    auto tracing = Tracing::begin(*filter, std::move(assume),
                                  line.has("marked") ? PacketTap::Where::OfMarked : PacketTap::Where::Before);
    if (!tracing) return complain(tracing.error());
    const auto done = trace(*tracing, pause,
                            {.packets = line.get<std::size_t>("count").value_or(0),
                             .seconds = line.get<double>("seconds"),
                             .verbose = line.has("verbose"),
                             .as_json = line.has("json")});
    return done ? kDone : complain(done.error());
}

} // namespace xtbpf::tool
