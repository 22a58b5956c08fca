/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into a program that speaks the kernel's ip_tables interface (LD_PRELOAD): its getsockopt and setsockopt with IPT_SO_*
 * and IP6T_SO_* are answered from iptables-bpf's rules, all others by libc. It is C without any library but libc, since it lives in
 * other people's programs; what knows rules is a program of its own (ask.c). */
#define _GNU_SOURCE
#include "kmod-shim/preload/ask.h"

#include <arpa/inet.h> /* before <linux/in.h>, which gives way to it */
#include <dlfcn.h>
#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define EXPORT __attribute__((visibility("default")))

static int is_of(int fd, int family) {
    int domain = 0;
    socklen_t size = sizeof domain;
    int (*const next)(int, int, int, void*, socklen_t*) = dlsym(RTLD_NEXT, "getsockopt");
    return next(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == family;
}

/* AF_INET or AF_INET6 if the option is ip_tables' own; its question. */
static int family_of(int fd, int level, int option, int set, enum xt_iptc_kind* kind) {
    static const struct {
        int level, option, set, family;
        enum xt_iptc_kind kind;
    } kOptions[] = {
        {IPPROTO_IP, IPT_SO_GET_INFO, 0, AF_INET, XT_IPTC_INFO},
        {IPPROTO_IP, IPT_SO_GET_ENTRIES, 0, AF_INET, XT_IPTC_ENTRIES},
        {IPPROTO_IP, IPT_SO_GET_REVISION_MATCH, 0, AF_INET, XT_IPTC_MATCH_REVISION},
        {IPPROTO_IP, IPT_SO_GET_REVISION_TARGET, 0, AF_INET, XT_IPTC_TARGET_REVISION},
        {IPPROTO_IP, IPT_SO_SET_REPLACE, 1, AF_INET, XT_IPTC_REPLACE},
        {IPPROTO_IP, IPT_SO_SET_ADD_COUNTERS, 1, AF_INET, XT_IPTC_ADD_COUNTERS},
        {IPPROTO_IPV6, IP6T_SO_GET_INFO, 0, AF_INET6, XT_IPTC_INFO},
        {IPPROTO_IPV6, IP6T_SO_GET_ENTRIES, 0, AF_INET6, XT_IPTC_ENTRIES},
        {IPPROTO_IPV6, IP6T_SO_GET_REVISION_MATCH, 0, AF_INET6, XT_IPTC_MATCH_REVISION},
        {IPPROTO_IPV6, IP6T_SO_GET_REVISION_TARGET, 0, AF_INET6, XT_IPTC_TARGET_REVISION},
        {IPPROTO_IPV6, IP6T_SO_SET_REPLACE, 1, AF_INET6, XT_IPTC_REPLACE},
        {IPPROTO_IPV6, IP6T_SO_SET_ADD_COUNTERS, 1, AF_INET6, XT_IPTC_ADD_COUNTERS},
    };
    for (size_t i = 0; i < sizeof kOptions / sizeof kOptions[0]; ++i) {
        if (kOptions[i].level != level || kOptions[i].option != option || kOptions[i].set != set) continue;
        *kind = kOptions[i].kind;
        return is_of(fd, kOptions[i].family) ? kOptions[i].family : 0;
    }
    return 0;
}

static int failed(int error) {
    errno = error;
    return -1;
}

EXPORT int getsockopt(int fd, int level, int option, void* restrict value, socklen_t* restrict size) {
    enum xt_iptc_kind kind;
    const int family = family_of(fd, level, option, 0, &kind);
    if (family == 0) {
        int (*const next)(int, int, int, void*, socklen_t*) = dlsym(RTLD_NEXT, "getsockopt");
        return next(fd, level, option, value, size);
    }
    struct xt_iptc_reply reply;
    const int error = xt_iptc_ask(family, kind, value, *size, &reply);
    if (error != 0) return failed(error);
    memcpy(value, reply.bytes, reply.size < *size ? reply.size : *size);
    free(reply.bytes);
    return 0;
}

EXPORT int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
    enum xt_iptc_kind kind;
    const int family = family_of(fd, level, option, 1, &kind);
    if (family == 0) {
        int (*const next)(int, int, int, const void*, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
        return next(fd, level, option, value, size);
    }
    struct xt_iptc_reply reply;
    const int error = xt_iptc_ask(family, kind, value, size, &reply);
    if (error != 0) return failed(error);
    if (kind == XT_IPTC_REPLACE) { /* struct ip6t_replace has the same head */
        struct ipt_replace head;
        memcpy(&head, value, offsetof(struct ipt_replace, entries));
        const size_t room = head.num_counters * sizeof(struct xt_counters);
        memcpy(head.counters, reply.bytes, reply.size < room ? reply.size : room);
    }
    free(reply.bytes);
    return 0;
}

/* iptables-legacy-save learns from these files which tables there are. */
static FILE* names_of_tables(const char* path) {
    const int family = strcmp(path, "/proc/net/ip_tables_names") == 0    ? AF_INET
                       : strcmp(path, "/proc/net/ip6_tables_names") == 0 ? AF_INET6
                                                                         : 0;
    struct xt_iptc_reply reply;
    if (family == 0 || xt_iptc_ask(family, XT_IPTC_NAMES, "", 0, &reply) != 0) return NULL;
    FILE* const file = fmemopen(NULL, reply.size + 1, "w+");
    if (file != NULL) {
        fwrite(reply.bytes, 1, reply.size, file);
        fflush(file);
        rewind(file);
    }
    free(reply.bytes);
    return file;
}

typedef FILE* (*Open)(const char*, const char*);

EXPORT FILE* fopen(const char* restrict path, const char* restrict mode) {
    FILE* const names = names_of_tables(path);
    return names != NULL ? names : ((Open)dlsym(RTLD_NEXT, "fopen"))(path, mode);
}

EXPORT FILE* fopen64(const char* restrict path, const char* restrict mode) {
    FILE* const names = names_of_tables(path);
    return names != NULL ? names : ((Open)dlsym(RTLD_NEXT, "fopen64"))(path, mode);
}
