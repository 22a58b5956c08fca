/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "kmod-shim/preload/ask.h"

#include "kmod-shim/preload/wire.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kStackSize = 64 * 1024, kPathSize = 4096 };

extern char** environ;

struct Child {
    const char* path;
    char** environment;
    int socket;
    sigset_t signals; /* the caller's mask */
};

/* Runs in the caller's memory until it execs (CLONE_VFORK): system calls only. A handler of the caller's must not run here. */
static int run(void* argument) {
    const struct Child* const child = argument;
    for (int signal = 1; signal < NSIG; ++signal) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) != 0 || action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL)
            continue;
        action = (struct sigaction){.sa_handler = SIG_DFL};
        sigaction(signal, &action, NULL);
    }
    if (dup2(child->socket, STDIN_FILENO) < 0) _exit(127);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    sigprocmask(SIG_SETMASK, &child->signals, NULL);
    char* const arguments[] = {"iptables-bpf-iptc", NULL};
    execve(child->path, arguments, child->environment);
    _exit(127);
}

/* The environment without LD_PRELOAD: the program isn't to ask itself. */
static char** environment(void) {
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL)
        ++count;
    char** const copy = malloc((count + 1) * sizeof *copy);
    if (copy == NULL) return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; ++i)
        if (strncmp(environ[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0) copy[kept++] = environ[i];
    copy[kept] = NULL;
    return copy;
}

/* Beside this library. */
static int find_program(char path[kPathSize]) {
    static const char kName[] = "iptables-bpf-iptc";
    Dl_info self;
    if (dladdr((void*)(uintptr_t)xt_iptc_ask, &self) == 0) return 0;
    const char* const slash = strrchr(self.dli_fname, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - self.dli_fname) + 1;
    if (length == 0 || length + sizeof kName > kPathSize) return 0;
    memcpy(path, self.dli_fname, length);
    memcpy(path + length, kName, sizeof kName);
    return 1;
}

/* Without a signal at its end (the lowest byte of flags), so that neither a handler nor a wait() of the caller's sees the child. */
static pid_t start(struct Child* child) {
    char* const stack = malloc(kStackSize);
    if (stack == NULL) return -1;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &child->signals);
    const pid_t pid = clone(run, stack + kStackSize, CLONE_VM | CLONE_VFORK, child);
    pthread_sigmask(SIG_SETMASK, &child->signals, NULL);
    free(stack);
    return pid;
}

/* libxtables asks for the newest revisions and brings them; what doesn't use it has old ones built in. */
static int knows_old_only(void) {
    void* const library = dlopen("libxtables.so.12", RTLD_LAZY | RTLD_NOLOAD);
    if (library != NULL) dlclose(library);
    return library == NULL && dlsym(RTLD_DEFAULT, "xtables_find_match") == NULL;
}

static int send_all(int socket, const void* bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t sent = send(socket, (const char*)bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return 0;
        done += (size_t)sent;
    }
    return 1;
}

static int receive_all(int socket, void* bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t got = recv(socket, (char*)bytes + done, size - done, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        done += (size_t)got;
    }
    return 1;
}

static int converse(int socket, const struct xt_iptc_question* question, const void* value,
                    struct xt_iptc_reply* reply) {
    struct xt_iptc_answer answer;
    if (!send_all(socket, question, sizeof *question) || !send_all(socket, value, question->size) ||
        !receive_all(socket, &answer, sizeof answer))
        return EIO;
    if (answer.error != 0) return answer.error;
    reply->size = answer.size;
    reply->bytes = malloc((size_t)answer.size + 1);
    if (reply->bytes == NULL) return ENOMEM;
    if (receive_all(socket, reply->bytes, answer.size)) return 0;
    free(reply->bytes);
    return EIO;
}

int xt_iptc_ask(int family, enum xt_iptc_kind kind, const void* value, size_t size, struct xt_iptc_reply* reply) {
    const int error_before = errno;
    char path[kPathSize];
    int pair[2];
    if (size > UINT32_MAX) return EINVAL;
    if (!find_program(path)) return ENOPROTOOPT;
    struct Child child = {.path = path, .environment = environment()};
    if (child.environment == NULL) return ENOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        const int error = errno;
        free(child.environment);
        return error;
    }
    child.socket = pair[1];
    const pid_t pid = start(&child);
    const int start_error = errno;
    close(pair[1]);
    free(child.environment);
    int error = start_error;
    if (pid > 0) {
        const struct xt_iptc_question question = {(uint32_t)family, (uint32_t)kind, (uint32_t)knows_old_only(),
                                                  (uint32_t)size};
        error = converse(pair[0], &question, value, reply);
        close(pair[0]);
        int status = 0;
        while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {}
    } else {
        close(pair[0]);
    }
    errno = error_before;
    return error;
}
