// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/rates.hpp"

#include <algorithm>
#include <utility>

namespace xtbpf::tool {

void Rates::add(const std::vector<Sample>& samples, double seconds) {
    std::map<std::string, Known> now;
    for (const Sample& sample : samples) {
        const auto before = rules_.find(sample.key);
        Known& known = now[sample.key];
        if (before != rules_.end()) known = std::move(before->second);
        Rate& rate = known.rate;
        known.position = static_cast<std::size_t>(&sample - samples.data());
        rate.place = sample.place;
        rate.text = sample.text;
        if (before != rules_.end() && seconds > 0) {
            // A counter that was set goes on from where it was set.
            const auto grown = [&](std::uint64_t Counters::*which) {
                const std::uint64_t then = rate.total.*which, here = sample.total.*which;
                return here >= then ? static_cast<double>(here - then) / seconds : 0;
            };
            rate.packets = grown(&Counters::packets);
            rate.bytes = grown(&Counters::bytes);
            rate.history.push_back(rate.packets);
            if (rate.history.size() > kHistory) rate.history.pop_front();
        }
        rate.total = sample.total;
    }
    rules_ = std::move(now);
}

std::vector<Rate> Rates::sorted(Order order) const {
    std::vector<const Known*> all;
    for (const auto& [key, known] : rules_)
        all.push_back(&known);
    std::ranges::sort(all, {}, &Known::position);
    const auto value = [order](const Known* known) -> double {
        switch (order) {
        case Order::Packets: return known->rate.packets;
        case Order::Bytes: return known->rate.bytes;
        case Order::Total: return static_cast<double>(known->rate.total.packets);
        case Order::Place: return 0;
        }
        return 0;
    };
    std::ranges::stable_sort(all, std::ranges::greater(), value);
    std::vector<Rate> out;
    for (const Known* known : all)
        out.push_back(known->rate);
    return out;
}

} // namespace xtbpf::tool
