// SPDX-License-Identifier: GPL-2.0-or-later
#include "frontend/xtbpf/top/terminal.hpp"

#include <csignal>
#include <cstdio>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace xtbpf::tool {

namespace {

void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

} // namespace

bool Terminal::there() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0; }

Terminal::Terminal() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    put("\x1b[?1049h\x1b[?25l"); // another screen, no cursor
}

Terminal::~Terminal() {
    put("\x1b[?25h\x1b[?1049l");
    // From the background (under timeout, after a shell's bg) that would stop the process, which nobody need wake again.
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
}

Terminal::Size Terminal::size() const {
    winsize found{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_row == 0 || found.ws_col == 0) return {};
    return {found.ws_row, found.ws_col};
}

void Terminal::show(std::string_view text) const {
    std::string out = "\x1b[H";
    for (const char c : text)
        if (c == '\n')
            out += "\x1b[K\r\n"; // nothing is left of longer lines
        else
            out += c;
    put(out + "\x1b[J");
}

std::optional<char> Terminal::key(std::chrono::milliseconds patience) const {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
    char key = kEnd;
    if (::read(STDIN_FILENO, &key, 1) != 1) return kEnd;
    if (key != kEscape || ::poll(&input, 1, 0) <= 0) return key;
    char rest[16]; // more at once: a sequence
    return ::read(STDIN_FILENO, rest, sizeof rest) < 0 ? std::optional(kEnd) : std::nullopt;
}

} // namespace xtbpf::tool
