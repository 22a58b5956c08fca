// SPDX-License-Identifier: GPL-2.0-or-later
// iptables-restore's options and input (iptables/iptables-restore.c, ip46tables_restore_main).
#include "frontend/applets.hpp"
#include "frontend/help.hpp"
#include "frontend/program_options.hpp"
#include "frontend/restore.hpp"
#include "frontend/version.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace xtbpf {

namespace {

// Lines as fgets reads them into 10240 bytes: what is longer comes as several, so that no input takes more memory than that.
class Input {
  public:
    // Of the file at `path`, or of what is open already if that is empty.
    Input(const std::string& path, std::FILE* otherwise)
        : own_(path.empty() ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
          fd_(path.empty() ? ::fileno(otherwise) : own_), error_(fd_ < 0 ? errno : 0) {}
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() {
        if (own_ >= 0) ::close(own_);
    }

    // The lines that are there, up to as many as fit, after waiting for the first; they live until the next call. False: there are
    // no more, or they can't be read.
    bool next(std::vector<std::string_view>& lines) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
        lines.clear();
        while (lines.empty() && !ended_) {
            const ssize_t got = ::read(fd_, bytes_.data() + end_, bytes_.size() - end_);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) {
                error_ = errno;
                return false;
            }
            end_ += static_cast<std::size_t>(got);
            ended_ = got == 0;
            cut(lines);
        }
        return !lines.empty();
    }
    int error() const { return error_; } // errno, or 0

  private:
    void cut(std::vector<std::string_view>& lines) {
        while (begin_ < end_) {
            const auto rest = std::string_view(bytes_.data(), end_).substr(begin_, kMostLine);
            const auto newline = rest.find('\n');
            if (newline == rest.npos && rest.size() < kMostLine && !ended_) return;
            const auto line = rest.substr(0, newline == rest.npos ? newline : newline + 1);
            lines.push_back(line.substr(0, line.find('\0'))); // what iptables-restore reads is a C string
            begin_ += line.size();
        }
    }

    static constexpr std::size_t kMostLine = 10239;

    int own_, fd_;
    int error_;
    bool ended_ = false;
    std::vector<char> bytes_ = std::vector<char>(1 << 18);
    std::size_t begin_ = 0, end_ = 0; // what isn't cut into lines yet
};

// Of an option whose value may be left out, or be the next word.
std::optional<std::string_view> optional_value(const ProgramOption& option, ProgramOptions& options) {
    if (option.has_value) return option.value;
    return options.take_value();
}

// -1: for ever
Diagnosed<int> wait_seconds(const ProgramOption& option, ProgramOptions& options, const Program& program) {
    const auto value = optional_value(option, options);
    if (!value) return -1;
    int seconds = 0;
    if (std::sscanf(std::string(*value).c_str(), "%i", &seconds) != 1)
        return program.parameter_problem("wait seconds not numeric");
    return seconds;
}

Diagnosed<void> ignore_interval(const ProgramOption& option, ProgramOptions& options, const Program& program,
                                const Streams& streams) {
    const auto value = optional_value(option, options);
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
    Input input(std::string(file), streams.in);
    if (!file.empty() && input.error() != 0)
        return usage_error(fmt::format("Can't open {}: {}\n", file, std::strerror(input.error())));
    Restore restore(std::move(*options), program, backend, streams);
    Diagnosed<void> done;
    std::vector<std::string_view> lines;
    while (done && input.next(lines))
        done = restore.lines(lines);
    // iptables-restore takes an error for the end of the input, and what it has read up to there for all of it.
    if (done && input.error() != 0)
        done = usage_error(
            fmt::format("Can't read {}: {}\n", file.empty() ? "the input" : file, std::strerror(input.error())));
    if (done) done = restore.finish();
    if (!done) restore.give_up();
    return done;
}

} // namespace xtbpf
