// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/text/applet_run.hpp"

#include "tests/text/memory_sets.hpp"

#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace xtbpf {

namespace {

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    bool quoted = false, open = false;
    for (char c : text) {
        if (c == '\'') {
            quoted = !quoted;
            if (!open) all.emplace_back();
            open = true;
        } else if (c == ' ' && !quoted) {
            open = false;
        } else {
            if (!open) all.emplace_back();
            open = true;
            all.back() += c;
        }
    }
    return all;
}

struct Sink {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* file = open_memstream(&text, &size);

    std::string take() {
        std::fclose(file);
        std::string all(text, size);
        std::free(text);
        return all;
    }
};

// Kept away from the system's lock, which other tests on the machine may hold.
void use_own_lock() {
    static const std::string path = "/tmp/xtbpf-text-" + std::to_string(getpid()) + ".lock";
    if (std::getenv("XTABLES_LOCKFILE") != nullptr) return;
    setenv("XTABLES_LOCKFILE", path.c_str(), 1);
    std::atexit([] { unlink(path.c_str()); });
}

} // namespace

Ran run(Backend& backend, std::string_view command, std::string_view input) {
    use_own_lock();
    use_memory_sets();
    const auto all = words(command);
    const auto applet = applet_by_name(all.front());
    if (!applet) return {-1, {}, "no such applet"};
    const std::vector<std::string_view> args(all.begin() + 1, all.end());
    std::FILE* in = std::tmpfile();
    std::fwrite(input.data(), 1, input.size(), in);
    std::rewind(in);
    Sink out, err;
    const int code = run_applet(*applet, args, backend, {in, out.file, err.file});
    std::fclose(in);
    return {code, out.take(), err.take()};
}

std::string saved(Backend& backend, std::string_view options, std::string_view program) {
    const Ran ran = run(backend, std::string(program) + " " + std::string(options));
    std::string text;
    std::size_t begin = 0;
    while (begin < ran.out.size()) {
        const auto end = ran.out.find('\n', begin) + 1;
        if (ran.out[begin] != '#') text += ran.out.substr(begin, end - begin);
        begin = end;
    }
    return text;
}

} // namespace xtbpf
