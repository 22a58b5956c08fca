// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/store_format.hpp"

#include "datapath/checksum.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <type_traits>

namespace xtbpf {

namespace {

constexpr std::uint64_t kStoreMagic = 0x65726f7473747800; // "\0xtstore" as bytes on a little-endian machine
constexpr std::uint32_t kTagMagic = 0x67617478;           // "xtag"
constexpr std::uint32_t kVersion = 5;

struct Header {
    std::uint64_t magic = kStoreMagic;
    std::uint32_t version = kVersion;
    std::uint32_t unused = 0;
    std::uint64_t length = 0;   // header and body
    std::uint64_t checksum = 0; // of nonce and body
    Nonce nonce{};
};
static_assert(sizeof(Header) == 48 && std::has_unique_object_representations_v<Header>);
constexpr std::size_t kChecked = offsetof(Header, nonce);

class Writer {
  public:
    explicit Writer(std::size_t size) : bytes_(size) {} // exactly what will be written

    template <typename T> void number(T value) {
        static_assert(std::is_integral_v<T>);
        append(&value, sizeof value);
    }
    void text(const std::string& text) {
        number(static_cast<std::uint32_t>(text.size()));
        append(text.data(), text.size());
    }
    void account(const Account& account, std::span<const Counters> bases) {
        const Counters base = account.slot < bases.size() ? bases[account.slot] : Counters{};
        number(account.slot);
        number(account.state);
        number(account.states);
        number(base.packets);
        number(base.bytes);
    }
    void append(const void* data, std::size_t size) {
        std::memcpy(bytes_.data() + used_, data, size);
        used_ += size;
    }
    std::vector<std::uint8_t>& bytes() { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
    std::size_t used_ = 0;
};

// Reads what is there; past the end everything is zero and `ok` false.
class Reader {
  public:
    explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    template <typename T> T number() {
        T value = 0;
        const auto bytes = take(sizeof value);
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
    std::string_view text() {
        const auto bytes = take(number<std::uint32_t>());
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    Account account() {
        Account account;
        account.slot = number<std::uint32_t>();
        account.state = number<std::uint32_t>();
        account.states = number<std::uint32_t>();
        account.counters.packets = number<std::uint64_t>();
        account.counters.bytes = number<std::uint64_t>();
        return account;
    }
    // A count of elements that take at least `least` bytes each: no more of them than can be there.
    std::uint32_t count(std::size_t least) {
        const auto wanted = number<std::uint32_t>();
        if (wanted > rest_.size() / least) ok_ = false;
        return ok_ ? wanted : 0;
    }
    void demand(bool holds) { ok_ = ok_ && holds; }
    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    std::size_t left() const { return rest_.size(); }

    std::span<const std::uint8_t> take(std::size_t size) {
        if (size > rest_.size()) ok_ = false;
        if (!ok_) return {};
        const auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

  private:
    std::span<const std::uint8_t> rest_;
    bool ok_ = true;
};

constexpr std::size_t kAccountSize = 3 * sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);
constexpr std::size_t kLeastRule = sizeof(std::uint32_t) + kAccountSize;
constexpr std::size_t kLeastChain = kLeastRule + 1 + sizeof(std::uint32_t) + sizeof(std::uint64_t);

std::size_t size_of(const StoredChain& chain) {
    std::size_t size = 0;
    for (const StoredRule& rule : chain.rules)
        size += kLeastRule + rule.text.size();
    return size;
}

std::size_t size_of(const StoredTable& table) {
    std::size_t size = sizeof(Header) + 2 + sizeof(std::uint64_t) + sizeof(std::uint32_t);
    for (const StoredChain& chain : table.chains)
        size += kLeastChain + chain.name.size() + size_of(chain);
    return size;
}

bool sane(const Account& account) {
    if (account.slot >= kMostSlots) return false;
    return account.states == 0 || (account.state < kMostSlots && account.states <= kMostSlots - account.state);
}

template <typename Table> void read_names(Reader& reader, Table& table) {
    const auto family = reader.number<std::uint8_t>();
    const auto id = reader.number<std::uint8_t>();
    reader.demand(family <= static_cast<std::uint8_t>(Family::V6) && id < kTables.size());
    table.family = static_cast<Family>(family);
    table.id = static_cast<TableId>(id);
}

std::optional<bool> read_policy(Reader& reader) {
    const auto policy = reader.number<std::uint8_t>(); // 0: user chain, 1: DROP, 2: ACCEPT
    reader.demand(policy <= 2);
    return policy == 0 ? std::nullopt : std::optional(policy == 2);
}

StoredTable read_table(Reader& reader) {
    StoredTable table;
    read_names(reader, table);
    table.chains.resize(reader.count(kLeastChain));
    for (StoredChain& chain : table.chains) {
        chain.name = reader.text();
        chain.accept = read_policy(reader);
        chain.account = reader.account();
        reader.demand(!chain.accept || sane(chain.account));
        const std::uint32_t rules = reader.count(kLeastRule);
        reader.demand(reader.number<std::uint64_t>() <= reader.left());
        chain.rules.resize(reader.ok() ? rules : 0);
        for (StoredRule& rule : chain.rules) {
            rule.text = reader.text();
            rule.account = reader.account();
            reader.demand(sane(rule.account));
        }
        if (!reader.ok()) break;
    }
    return table;
}

std::unexpected<Error> unreadable(std::string_view why) {
    return fail(ErrorKind::Refused, fmt::format("the rules' store in the kernel can't be read: {}", why));
}

Result<Header> header_of(std::span<const std::uint8_t> bytes) {
    Header header;
    if (bytes.size() < sizeof header + sizeof(StoreImage::made)) return unreadable("too short");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.magic != kStoreMagic) return unreadable("not a store");
    if (header.version != kVersion)
        return unreadable(fmt::format("it has version {}, this program knows version {}", header.version, kVersion));
    if (header.length < sizeof header + sizeof(StoreImage::made) || header.length > bytes.size())
        return unreadable("cut off");
    return header;
}

} // namespace

std::vector<std::uint8_t> serialize_store(const StoredTable& table, std::span<const Counters> bases, const Nonce& nonce,
                                          std::uint64_t made) {
    Writer writer(size_of(table));
    const Header header{.nonce = nonce};
    writer.append(&header, sizeof header);
    writer.number(made);
    writer.number(static_cast<std::uint8_t>(table.family));
    writer.number(static_cast<std::uint8_t>(table.id));
    writer.number(static_cast<std::uint32_t>(table.chains.size()));
    for (const StoredChain& chain : table.chains) {
        writer.text(chain.name);
        writer.number(static_cast<std::uint8_t>(!chain.accept ? 0 : *chain.accept ? 2 : 1));
        writer.account(chain.account, bases);
        writer.number(static_cast<std::uint32_t>(chain.rules.size()));
        writer.number(std::uint64_t{size_of(chain)});
        for (const StoredRule& rule : chain.rules) {
            writer.text(rule.text);
            writer.account(rule.account, bases);
        }
    }
    seal_store(writer.bytes());
    return std::move(writer.bytes());
}

void seal_store(std::span<std::uint8_t> bytes) {
    if (bytes.size() < sizeof(Header)) return;
    Header header;
    std::memcpy(header.nonce.data(), bytes.data() + kChecked, sizeof header.nonce);
    header.length = bytes.size();
    header.checksum = checksum(bytes.subspan(kChecked));
    std::memcpy(bytes.data(), &header, sizeof header);
}

Result<StoreImage> parse_store(std::span<const std::uint8_t> bytes) {
    const Result<Header> header = header_of(bytes);
    if (!header) return std::unexpected(header.error());
    bytes = bytes.first(header->length);
    if (checksum(bytes.subspan(kChecked)) != header->checksum) return unreadable("damaged");
    Reader reader(bytes.subspan(sizeof(Header)));
    StoreImage image{.nonce = header->nonce, .made = reader.number<std::uint64_t>(), .table = read_table(reader)};
    if (!reader.ok() || !reader.at_end()) return unreadable("malformed");
    return image;
}

bool ChainText::find(const std::function<bool(const RuleText&)>& visit) const {
    Reader reader(rules);
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        const std::string_view text = reader.text();
        if (const Account account = reader.account(); reader.ok() && visit({text, account.slot})) return true;
    }
    return false;
}

Result<StoreText> scan_store(std::span<const std::uint8_t> bytes) {
    const Result<Header> header = header_of(bytes);
    if (!header) return std::unexpected(header.error());
    StoreText text;
    text.nonce = header->nonce;
    Reader reader(bytes.first(header->length).subspan(sizeof(Header) + sizeof(StoreImage::made)));
    read_names(reader, text);
    text.chains.resize(reader.count(kLeastChain));
    for (ChainText& chain : text.chains) {
        chain.name = reader.text();
        chain.accept = read_policy(reader);
        (void)reader.account();
        chain.count = reader.count(kLeastRule);
        chain.rules = reader.take(reader.number<std::uint64_t>());
    }
    if (!reader.ok() || !reader.at_end()) return unreadable("malformed");
    return text;
}

std::vector<std::uint8_t> serialize_tag(const StoreTag& tag) {
    Writer writer(3 * sizeof(std::uint32_t) + sizeof tag.nonce + sizeof tag.counted);
    writer.number(kTagMagic);
    writer.number(kVersion);
    writer.number(tag.holder);
    writer.append(tag.nonce.data(), tag.nonce.size());
    for (const Counters& count : tag.counted) {
        writer.number(count.packets);
        writer.number(count.bytes);
    }
    return std::move(writer.bytes());
}

Result<StoreTag> parse_tag(std::span<const std::uint8_t> bytes) {
    StoreTag tag;
    Reader reader(bytes);
    const auto magic = reader.number<std::uint32_t>();
    const auto version = reader.number<std::uint32_t>();
    if (!reader.ok() || magic != kTagMagic) return unreadable("its rule in nf_tables is damaged");
    if (version != kVersion)
        return unreadable(fmt::format("it has version {}, this program knows version {}", version, kVersion));
    tag.holder = reader.number<std::uint32_t>();
    for (std::uint8_t& byte : tag.nonce)
        byte = reader.number<std::uint8_t>();
    for (Counters& count : tag.counted) {
        count.packets = reader.number<std::uint64_t>();
        count.bytes = reader.number<std::uint64_t>();
    }
    if (!reader.ok()) return unreadable("its rule in nf_tables is damaged");
    return tag;
}

} // namespace xtbpf
