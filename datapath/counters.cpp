// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/counters.hpp"

#include "datapath/refusal.hpp"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <fmt/format.h>
#include <linux/bpf.h>

namespace xtbpf {

namespace {

struct Kind {
    const char* name;
    bpf_map_type type;
    std::uint32_t size;
    std::uint32_t first; // on page 0
    std::uint32_t row;   // in one value; a divisor of `first`
};

constexpr Kind kCounters{"xt_counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(Counters), kFirstCounterPage, kCounterRow};
constexpr Kind kLimits{"xt_limits", BPF_MAP_TYPE_ARRAY, sizeof(LimitState), kFirstLimitPage, 1};
static_assert(sizeof(Counters) == 16 && sizeof(LimitState) == 16, "programs know these layouts");

std::unexpected<Error> refused(std::string_view tried, const Kind& kind) {
    return std::unexpected(refusal(fmt::format("{} map {}", tried, kind.name), errno));
}

Result<void> verify(const std::vector<Fd>& pages, const Kind& kind) {
    for (std::size_t page = 0; page < pages.size(); ++page) {
        bpf_map_info info{};
        std::uint32_t size = sizeof info;
        if (bpf_obj_get_info_by_fd(pages[page].get(), &info, &size) != 0) return refused("ask about", kind);
        if (info.type != kind.type || info.key_size != sizeof(std::uint32_t) ||
            info.value_size != kind.size * kind.row ||
            info.max_entries != (std::uint64_t{kind.first} << page) / kind.row)
            return fail(ErrorKind::Refused, fmt::format("map {} is not as this program makes it", kind.name));
    }
    return {};
}

Result<void> grow(std::vector<Fd>& pages, std::uint32_t entries, const Kind& kind) {
    for (std::size_t page = pages.size(); page < pages_for(entries, kind.first); ++page) {
        Fd map(bpf_map_create(kind.type, kind.name, sizeof(std::uint32_t), kind.size * kind.row,
                              (kind.first << page) / kind.row, nullptr));
        if (!map) return refused("make", kind);
        pages.push_back(std::move(map));
    }
    return {};
}

std::vector<int> numbers(const std::vector<Fd>& pages) {
    std::vector<int> fds;
    for (const Fd& page : pages)
        fds.push_back(page.get());
    return fds;
}

// Reads one page in portions, into sums over the CPUs.
class PageReader {
  public:
    explicit PageReader(std::size_t cpus) : cpus_(cpus), keys_(kPortion), values_(kPortion * cpus) {}

    // The counters of `map` from `first` on, as many as there are sums.
    bool read(int map, std::uint32_t first, std::span<Counters> sums) {
        const std::uint32_t row = first / kCounterRow;
        const auto rows = static_cast<std::uint32_t>((first + sums.size() + kCounterRow - 1) / kCounterRow) - row;
        for (std::uint32_t done = 0; done < rows;) {
            const std::uint32_t got = some(map, row + done, std::min(kPortion, rows - done));
            if (got == 0) return false;
            for (std::uint32_t i = 0; i < got; ++i)
                add(i, (row + done + i) * kCounterRow, first, sums);
            done += got;
        }
        return true;
    }

  private:
    static constexpr std::uint32_t kPortion = 64;
    using Row = std::array<Counters, kCounterRow>;

    // Reads some rows from `row` on, `most` at most, into values_. Returns how many; 0: none could be read.
    std::uint32_t some(int map, std::uint32_t row, std::uint32_t most) {
        std::uint32_t before = row - 1, count = most; // a batch starts behind this key
        // Per-CPU arrays know batches since Linux 5.13; ENOENT tells the end of the map.
        if (batches_) {
            const int result = bpf_map_lookup_batch(map, row == 0 ? nullptr : &before, &before, keys_.data(),
                                                    values_.data(), &count, nullptr);
            if ((result == 0 || errno == ENOENT) && count > 0) return count;
            batches_ = false;
        }
        return bpf_map_lookup_elem(map, &row, values_.data()) == 0 ? 1 : 0;
    }

    // Row `number` of values_, which begins with counter `begins`, to the sums, which begin with `first`.
    void add(std::size_t number, std::uint32_t begins, std::uint32_t first, std::span<Counters> sums) const {
        const std::size_t from = std::max(begins, first),
                          end = std::min<std::size_t>(begins + kCounterRow, first + sums.size());
        for (std::size_t cpu = 0; cpu < cpus_; ++cpu)
            for (std::size_t at = from; at < end; ++at) {
                const Counters& one = values_[number * cpus_ + cpu][at - begins];
                sums[at - first] += one;
            }
    }

    std::size_t cpus_;
    std::vector<std::uint32_t> keys_;
    std::vector<Row> values_;
    bool batches_ = true;
};

} // namespace

Result<CounterPages> CounterPages::adopt(std::vector<Fd> pages) {
    if (auto verified = verify(pages, kCounters); !verified) return std::unexpected(verified.error());
    CounterPages adopted;
    adopted.pages_ = std::move(pages);
    return adopted;
}

Result<void> CounterPages::ensure(std::uint32_t slots) { return grow(pages_, slots, kCounters); }

std::vector<int> CounterPages::fds() const { return numbers(pages_); }

std::uint32_t CounterPages::room() const { return (kFirstCounterPage << pages_.size()) - kFirstCounterPage; }

Result<std::vector<Counters>> CounterPages::read(std::uint32_t first, std::uint32_t end) const {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus <= 0) return fail(ErrorKind::Refused, "can't tell the number of CPUs");
    if (end > room()) return fail(ErrorKind::Refused, "there are fewer counters than rules");
    std::vector<Counters> raw(end - std::min(first, end));
    PageReader reader(static_cast<std::size_t>(cpus));
    for (std::uint32_t slot = first; slot < end;) {
        const PageIndex place = counter_place(slot);
        const std::uint32_t count = std::min((kFirstCounterPage << place.page) - place.index, end - slot);
        if (!reader.read(pages_[place.page].get(), place.index, std::span(raw).subspan(slot - first, count)))
            return refused("read", kCounters);
        slot += count;
    }
    return raw;
}

Result<LimitPages> LimitPages::adopt(std::vector<Fd> pages) {
    if (auto verified = verify(pages, kLimits); !verified) return std::unexpected(verified.error());
    LimitPages adopted;
    adopted.pages_ = std::move(pages);
    return adopted;
}

Result<void> LimitPages::ensure(std::uint32_t states) { return grow(pages_, states, kLimits); }

std::vector<int> LimitPages::fds() const { return numbers(pages_); }

Result<void> LimitPages::clear(std::span<const std::uint32_t> states) {
    const LimitState fresh{};
    for (const std::uint32_t state : states) {
        const PageIndex place = limit_place(state);
        if (place.page >= pages_.size()) return fail(ErrorKind::Refused, "there are fewer limit states than rules");
        if (bpf_map_update_elem(pages_[place.page].get(), &place.index, &fresh, BPF_ANY) != 0)
            return refused("write", kLimits);
    }
    return {};
}

} // namespace xtbpf
