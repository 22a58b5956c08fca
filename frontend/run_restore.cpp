// SPDX-License-Identifier: GPL-2.0-or-later
// iptables-restore's options and input (iptables/iptables-restore.c, ip46tables_restore_main).
#include "frontend/applets.hpp"
#include "frontend/help.hpp"
#include "frontend/program_options.hpp"
#include "frontend/restore.hpp"
#include "frontend/version.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>

namespace xtbpf {

namespace {

// Lines as fgets reads them into 10240 bytes: what is longer comes as several, so that no input takes more memory than that.
struct Input {
    std::FILE* file;
    bool owned = false;
    std::array<char, 10239> line;

    explicit Input(std::FILE* from) : file(from) {}
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() {
        if (owned) std::fclose(file);
    }
    bool next(std::string_view& text) {
        std::size_t length = 0;
        int byte = 0;
        while (length < line.size() && byte != '\n' && (byte = getc_unlocked(file)) != EOF)
            line[length++] = static_cast<char>(byte);
        text = std::string_view(line.data(), length);
        text = text.substr(0, text.find('\0')); // what it reads is a C string
        return length > 0 && std::ferror(file) == 0;
    }
};

Diagnosed<int> wait_seconds(const ProgramOption& option, ProgramOptions& options, const Program& program) {
    std::optional<std::string_view> value;
    if (option.has_value)
        value = option.value;
    else
        value = options.take_value();
    if (!value) return -1;
    int seconds = 0;
    if (std::sscanf(std::string(*value).c_str(), "%i", &seconds) != 1)
        return program.parameter_problem("wait seconds not numeric");
    return seconds;
}

Diagnosed<void> ignore_interval(const ProgramOption& option, ProgramOptions& options, const Program& program,
                                const Streams& streams) {
    std::optional<std::string_view> value;
    if (option.has_value)
        value = option.value;
    else
        value = options.take_value();
    if (!value) return program.parameter_problem("wait interval value required");
    unsigned microseconds = 0;
    if (std::sscanf(std::string(*value).c_str(), "%u", &microseconds) != 1)
        return program.parameter_problem("wait interval not numeric");
    if (microseconds > 999999)
        return program.parameter_problem(fmt::format("too long usec wait {} > 999999 usec", microseconds));
    streams.warn("Ignoring deprecated --wait-interval option.\n");
    return {};
}

std::unexpected<Diagnosis> usage_error(std::string text) { return std::unexpected(Diagnosis{1, std::move(text), {}}); }

// The table the rest of the file is about; anything else is read over.
Diagnosed<RestoreOptions> parse_options(std::span<const std::string_view> args, const Program& program,
                                        const Streams& streams, std::string_view& file) {
    RestoreOptions restore;
    ProgramOptions options(kRestoreOptions, args, program);
    bool has_file = false, interval_given = false;
    while (true) {
        const auto found = options.next();
        if (!found) return std::unexpected(found.error());
        if (found->kind == ProgramOption::Kind::End) break;
        if (found->kind == ProgramOption::Kind::Word) {
            if (has_file) return usage_error("Unknown arguments found on commandline\n");
            has_file = true;
            file = found->value;
            continue;
        }
        switch (found->letter) {
        case 'b': streams.warn("-b/--binary option is not implemented\n"); break;
        case 'c': restore.counters = true; break;
        case 'v': ++restore.verbose; break;
        case 'V': return std::unexpected(Diagnosis{0, {}, fmt::format("{} v{}\n", program.name, kVariantVersion)});
        case 't': restore.test = true; break;
        case 'h': return std::unexpected(Diagnosis{0, restore_usage(program), {}});
        case 'n': restore.noflush = true; break;
        case 'T': restore.only_table = std::string(found->value); break;
        case 'w': {
            const auto seconds = wait_seconds(*found, options, program);
            if (!seconds) return std::unexpected(seconds.error());
            restore.wait = *seconds;
            break;
        }
        case 'W':
            interval_given = true;
            if (auto done = ignore_interval(*found, options, program, streams); !done)
                return std::unexpected(done.error());
            break;
        default: break; // -M
        }
    }
    if (interval_given && restore.wait == 0) return usage_error("Option --wait-interval requires option --wait\n");
    return restore;
}

} // namespace

Diagnosed<void> run_restore(std::span<const std::string_view> args, Program program, Backend& backend,
                            const Streams& streams) {
    std::string_view file;
    auto options = parse_options(args, program, streams, file);
    if (!options) return std::unexpected(std::move(options.error()));
    Input input(streams.in);
    if (!file.empty()) {
        const std::string path(file);
        input.file = std::fopen(path.c_str(), "re");
        if (input.file == nullptr) return usage_error(fmt::format("Can't open {}: {}\n", path, std::strerror(errno)));
        input.owned = true;
    }
    Restore restore(std::move(*options), program, backend, streams);
    Diagnosed<void> done;
    std::string_view line;
    while (done && input.next(line))
        done = restore.line(line);
    // iptables-restore takes an error for the end of the input, and what it has read up to there for all of it.
    if (done && std::ferror(input.file) != 0)
        done = usage_error(fmt::format("Can't read {}: {}\n", file.empty() ? "the input" : file, std::strerror(errno)));
    if (done) done = restore.finish();
    if (!done) restore.give_up();
    return done;
}

} // namespace xtbpf
