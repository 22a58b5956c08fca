// SPDX-License-Identifier: GPL-2.0-or-later
#include "datapath/status.hpp"

#include <fmt/format.h>

namespace xtbpf {

namespace {

// JSON string, RFC 8259; all our texts are ASCII but for what users choose, which passes through as it is.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\', out += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + '"';
}

std::string_view command(Family family) { return family == Family::V4 ? "iptables" : "ip6tables"; }

std::string_view boolean(bool value) { return value ? "true" : "false"; }

void append_text(std::string& out, const TableStatus& table) {
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "{} -t {}: {} rules in {} chains", command(table.family), name(table.table), table.rules,
                   table.chains);
    if (table.conntrack) out += ", uses connection tracking";
    out += '\n';
    if (!table.trouble.empty()) fmt::format_to(to, "    TROUBLE: {}\n", table.trouble);
    if (!table.whole)
        out += "    NOT WHOLE: a hook has lost its rule (did somebody flush nf_tables?); any command on the table puts "
               "it back\n";
    for (const ProgramStatus& program : table.programs)
        fmt::format_to(to, "    {:<9}  {:<16} program {:<6} {:>6} instructions\n", name(program.place), program.name,
                       program.id, program.instructions);
}

std::string object(const ProgramStatus& program) {
    return fmt::format(R"({{"place":"{}","name":{},"id":{},"instructions":{}}})", name(program.place),
                       quoted(program.name), program.id, program.instructions);
}

std::string object(const DeviceStatus& device) {
    return fmt::format(R"({{"device":{},"place":"{}","active":{},"reason":{}}})", quoted(device.device), device.place,
                       boolean(device.active), quoted(device.reason));
}

std::string object(const TableStatus& table);

template <typename T> std::string array(const std::vector<T>& items) {
    std::string out = "[";
    for (const T& item : items) {
        if (out.size() > 1) out += ',';
        out += object(item);
    }
    return out + ']';
}

std::string object(const TableStatus& table) {
    return fmt::format(
        R"({{"family":"{}","table":"{}","chains":{},"rules":{},"store":{},"conntrack":{},"whole":{},"trouble":{},"programs":{}}})",
        name(table.family), name(table.table), table.chains, table.rules, table.store, boolean(table.conntrack),
        boolean(table.whole), quoted(table.trouble), array(table.programs));
}

void append_text(std::string& out, const DeviceStatus& device) {
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "early stage on {}: {}", device.device, device.place == "none" ? "no" : device.place);
    if (!device.reason.empty())
        fmt::format_to(to, " ({})", device.reason);
    else if (device.place != "none" && !device.active)
        out += " (off: no rule can be decided there)";
    out += '\n';
}

} // namespace

std::string_view name(Place place) {
    switch (place) {
    case Place::Netfilter: return "netfilter";
    case Place::Tc: return "tc";
    case Place::Xdp: return "xdp";
    }
    return "";
}

std::string text(const Status& status) {
    if (status.tables.empty()) return "No rules: no table has been touched in this network namespace.\n";
    std::string out;
    for (const TableStatus& table : status.tables)
        append_text(out, table);
    for (const DeviceStatus& device : status.devices)
        append_text(out, device);
    return out;
}

std::string json(const Status& status) {
    return fmt::format(R"({{"tables":{},"devices":{}}})", array(status.tables), array(status.devices)) + '\n';
}

} // namespace xtbpf
