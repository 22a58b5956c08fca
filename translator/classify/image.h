/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains as data: the layout of an image, which the classifier (classify.hpp) writes and the walk (walk.h) reads, in BPF and in
 * tests. Plain C. All offsets are in bytes from the image's start; 0 is "none". Numbers are in the machine's byte order.
 *
 * A chain is a row of rules. A short one is a list of rule records in order. A long one has an index: its rules are spread
 * over *tuples* (a set of mask lengths: "source /24, destination port"), all of which share one hash table. An entry leads to a
 * list of the rules that have these bits in common, again in order; each record is checked in full. So the index only
 * has to find every rule that may match, and never decides.
 *
 * An image in force can be edited, in its *room* (edits.h): rules between its own, and the death of rules. Nothing that is
 * there is ever changed otherwise. Each edit makes a new *edition*; a rule is there from the edition it was born in to the one
 * it died in, and a packet goes by the edition in which it began.
 */
#ifndef XTBPF_CLASSIFY_IMAGE_H
#define XTBPF_CLASSIFY_IMAGE_H

#include "translator/view.h"

#define XT_WALK_INLINE static inline __attribute__((always_inline)) /* BPF functions have five arguments at most */

#define XT_NO_RULE (~0U)
#define XT_IMAGE_SLACK 128 /* bytes behind the last structure, so that one bound serves every access */
#define XT_IMAGE_MASKS 128 /* IPv6: offset of the masks of all prefix lengths, 16 bytes each */
#define XT_MOST_TUPLES 64  /* of one chain: bits of a word */
#define XT_BUCKET_ENTRIES 4
#define XT_BUCKET_BYTES (XT_BUCKET_ENTRIES * sizeof(struct xt_image_entry))
#define XT_MOST_BUCKETS 4 /* that a key is looked for in: its own and those behind, while they are full */
#define XT_RULE_BYTES(v6) ((v6) ? 64U : 32U)
#define XT_MOST_EDITIONS 255 /* a byte; the last one isn't used: who never dies dies then */
#define XT_DEATHS 2048       /* entries of a room's table of dead rules, a power of two */
#define XT_DEATH_PROBES 8    /* that are looked at for one rule */

struct xt_image_root {
    __u32 chain; /* number of the built-in chain, */
    __u32 slot;  /* and its policy's */
    __u32 verdict;
};

struct xt_image_header {
    __u32 bytes;
    __u32 chains; /* xt_image_chain, by number */
    __u32 chain_count;
    /* The longest transport header that any rule asks of a packet of this protocol. */
    __u32 tcp_bytes, udp_bytes, other_bytes;
    __u8 drops_one; /* some rule has HeaderTest::drop_offset_one */
    __u8 protocols; /* some rule asks for a protocol */
    __u16 unused;
    __u32 effects; /* for each effect of the image, a word for each hook: its number there, and XT_EFFECT_STOPS */
    __u32 room;    /* xt_image_room; 0: the image can't be edited */
    __u32 deaths;  /* the room's table of dead rules; 0: none has died */
    struct xt_image_root roots[XT_HOOKS];
};

#define XT_EFFECT_STOPS 0x10000 /* the kernel performs it before the next rule is looked at */

struct xt_image_chain {
    __u32 rules; /* first record; 0: the chain is empty. Without an index, all records in order */
    __u32 index; /* xt_image_index; 0: none */
    __u32 count; /* rules */
    __u32 odd;   /* with an index: that for odd packets (find.h) */
    __u32 edits; /* the first xt_image_edit; 0: none */
    /* For who edits. */
    __u32 stored; /* the chain's number in the table */
    __u32 hooks;  /* 1 << hook for those that lead to it; 0: it is run as code, too, where no edit would be seen */
    __u32 unused;
};

struct xt_image_room {
    __u64 state;  /* edition, and behind it (32 bits) who is about to make the next one; see edits.h */
    __u32 used;   /* offset of what is free yet, */
    __u32 end;    /* up to here */
    __u32 slots;  /* first that no rule has had */
    __u32 parts;  /* of the view that programs fill: XT_PART_* */
    __u32 deaths; /* xt_image_death, XT_DEATHS of them */
    __u32 died;   /* rules */
};

enum {
    XT_PART_IN_NAME = 1,
    XT_PART_OUT_NAME = 2,
    XT_PART_TRANSPORT = 4,
    XT_PART_EXT_HEADERS = 8,
    XT_PART_CONNTRACK = 16,
    XT_PART_TUPLES = 32, /* the entry's addresses and ports, and when it expires */
    XT_PART_OWNER = 64,
    XT_PART_MAC = 128,
    XT_PART_PACKET_TYPE = 256,
};

/* A rule of the image that is there no more. Where its slot's hash says, or in one of the next entries. */
struct xt_image_death {
    __u32 slot; /* plus 1; 0: the entry is empty */
    __u32 died; /* edition */
};

static inline __u32 xt_death_place(__u32 slot, __u32 probe) {
    return ((slot * 0x9E3779B1U >> 16) + probe) & (XT_DEATHS - 1);
}

/* A rule between those of the image. Its record is behind it, a list of its own. */
struct xt_image_edit {
    __u32 next;   /* of the chain: in order; 0: none */
    __u32 before; /* position of the image's rule that it stands before */
    __u32 born, died;
    __u32 text, text_bytes; /* for who edits: the canonical text, */
    __u64 packets, bytes;   /* what is to be added to the slot's counters */
    /* It can't match where these bits differ: of the addresses' first words, and of source port << 16 | destination port. */
    __u32 source, source_mask, destination, destination_mask, ports, ports_mask;
};

/* Tells from the first bits of an address which tuples may hold rules for it: a table of words. */
struct xt_image_pruner {
    __u32 table;     /* 0: none */
    __u8 key_shift;  /* 64 - bits looked at */
    __u8 slot_shift; /* 64 - log2 of the table's words, at the hash of the bits; 0: at the bits themselves */
    __u16 unused;
};

struct xt_image_index {
    __u64 always[2];                   /* tuples that no pruner of the source, of the destination speaks for */
    struct xt_image_pruner pruners[4]; /* two for the source, two for the destination */
    __u32 tuples, tuple_count;         /* xt_image_tuple, ordered by `first` */
    __u32 table, buckets;
    __u32 filter, filter_mask; /* words that tell of most absent keys that they are: xt_filter_*; 0: none */
};

enum xt_extra { XT_EXTRA_NONE, XT_EXTRA_FIELD, XT_EXTRA_IN, XT_EXTRA_OUT };

struct xt_image_tuple {
    __u32 source[4], destination[4];      /* masks */
    __u32 ports;                          /* mask over source port << 16 | destination port */
    __u32 protocol;                       /* mask */
    __u8 extra;                           /* enum xt_extra: one more field, all of it */
    __u8 extra_word, extra_shift, unused; /* where it lies in the view */
    __u32 extra_mask;
    __u32 salt;
    __u32 first, last; /* lowest and highest rule */
    __u32 list;        /* a tuple without masks: its rules */
};

struct xt_image_entry {
    __u32 print; /* of the key */
    __u32 list;  /* first record; 0: the entry is empty */
};

/* How a rule's record ends, for both families. */
struct xt_image_rule {
    __u32 sports, dports;     /* lowest | (highest - lowest) << 16 */
    __u8 source, destination; /* prefix lengths */
    __u8 protocol;
    __u8 flags;  /* XT_RULE_* */
    __u32 order; /* position in the chain */
    __u32 slot;
    __u32 more; /* xt_image_more; 0: none */
};

struct xt_image_rule4 {
    __u32 source, destination;
    struct xt_image_rule rest;
};

struct xt_image_rule6 {
    __u32 source[4], destination[4];
    struct xt_image_rule rest;
    __u32 unused[2];
};

enum {
    XT_RULE_ACTION = 7, /* enum xt_action */
    XT_RULE_LAST = 8,   /* of its list */
    XT_RULE_PLAIN = 16, /* the record tells all, unless the packet is odd */
    XT_RULE_PROTOCOL = 32,
    XT_RULE_HEADER = 64, /* the transport header must be here */
    XT_RULE_GUARD = 128, /* generated code has the last word, once all that is here holds */
};

enum xt_action {
    XT_DO_CONTINUE,
    XT_DO_ACCEPT,
    XT_DO_DROP,
    XT_DO_RETURN,
    XT_DO_JUMP,
    XT_DO_GOTO,
    XT_DO_EFFECT,
};

enum {
    XT_MORE_NOT_SOURCE = 1,
    XT_MORE_NOT_DESTINATION = 2,
    XT_MORE_NOT_PROTOCOL = 4,
    XT_MORE_NOT_SPORT = 8,
    XT_MORE_NOT_DPORT = 16,
    XT_MORE_DROP_ONE = 32, /* HeaderTest::drop_offset_one */
    XT_MORE_EDIT = 64,     /* of an xt_image_edit */
};

struct xt_image_more {
    __u8 flags;        /* XT_MORE_* */
    __u8 header_bytes; /* HeaderTest::bytes */
    __u8 tests[3];     /* tests before the protocol, before the header, in all: xt_image_test, behind this */
    __u8 after;        /* effect: XT_CONTINUE: the next rule; or the verdict */
    __u8 unused[2];
    __u32 target; /* jump, goto: the chain's number; effect: its number */
    __u32 guard;  /* its number; of an edit, which has none: the xt_image_edit */
    __u32 chain;  /* the rule's own, */
    __u32 next;   /* and the position of the rule behind it */
};

/* (word >> shift & mask) - low <= span, inverted or not. True: on with the test behind the next `skip` ones. False: XT_TEST_MORE,
 * on with the next one; else the rule doesn't match. XT_TEST_GATE, false: XT_TEST_PASS, as if the next `skip` ones were true; else the
 * rule doesn't match. */
struct xt_image_test {
    __u8 word, shift, flags, skip;
    __u32 mask, low, span;
};

enum { XT_TEST_INVERT = 1, XT_TEST_MORE = 2, XT_TEST_GATE = 4, XT_TEST_PASS = 8 };

#define XT_WALK_HOTDROP 7 /* what a walk may end with beside enum xt_verdict */

/* Eight bytes. */
static inline __u64 xt_pair(const void* bytes) {
#ifdef __bpf__
    return *(const __u64*)bytes;
#else
    __u64 pair;
    __builtin_memcpy(&pair, bytes, sizeof pair);
    return pair;
#endif
}

static inline __u64 xt_mix(__u64 hash) {
    hash ^= hash >> 32;
    hash *= 0x9E6C63D0876A9A35ULL;
    return hash ^ hash >> 29;
}

/* The low half is the entry's print, the high half chooses the bucket. */
XT_WALK_INLINE __u64 xt_tuple_hash(const struct xt_image_tuple* tuple, const __u32* source, const __u32* destination,
                                   __u32 ports, __u32 protocol, __u32 extra, int v6) {
    __u64 hash =
        tuple->salt + ((ports & tuple->ports) | (__u64)(protocol & tuple->protocol) << 32) * 0xD6E8FEB86659FD93ULL;

    hash += extra * 0xA0761D6478BD642FULL;
    if (!v6)
        return xt_mix(hash + ((source[0] & tuple->source[0]) | (__u64)(destination[0] & tuple->destination[0]) << 32) *
                                 0xE7037ED1A0B428DBULL);
    hash += (xt_pair(source) & xt_pair(tuple->source)) * 0xE7037ED1A0B428DBULL;
    hash += (xt_pair(source + 2) & xt_pair(tuple->source + 2)) * 0x8EBC6AF09C88C6E3ULL;
    hash += (xt_pair(destination) & xt_pair(tuple->destination)) * 0x589965CC75374CC3ULL;
    hash += (xt_pair(destination + 2) & xt_pair(tuple->destination + 2)) * 0x1D8E4E27C47D124FULL;
    return xt_mix(hash);
}

static inline __u32 xt_bucket(__u64 hash, __u32 buckets) { return (__u32)((hash >> 32) * buckets >> 32); }

/* A Bloom filter of two bits a key, both in one word. */
static inline __u32 xt_filter_word(__u64 hash, __u32 filter_mask) { return (__u32)(hash >> 12) & filter_mask; }
static inline __u64 xt_filter_bits(__u64 hash) { return 1ULL << (hash & 63) | 1ULL << (hash >> 6 & 63); }

static inline __u64 xt_prune_key(const __u32* address, int v6) {
    return (__u64)address[0] << 32 | (v6 ? address[1] : 0);
}

static inline __u32 xt_prune_slot(__u64 key, __u32 key_shift, __u32 slot_shift) {
    return (__u32)(slot_shift ? (key >> key_shift) * 0x9E3779B97F4A7C15ULL >> slot_shift : key >> key_shift);
}

/* Eight bytes of a name without what may lie behind its final zero; `ended`: the zero was before. */
static inline __u64 xt_name_part(__u64 part, int* ended) {
    __u64 zero;

    if (*ended) return 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    part = __builtin_bswap64(part);
#endif
    zero = (part - 0x0101010101010101ULL) & ~part & 0x8080808080808080ULL;
    if (!zero) return part;
    *ended = 1;
    return part & ((zero & -zero) - 1);
}

/* A device's name as part of a key. */
static inline __u32 xt_name_key(const __u8* name) {
    int ended = 0;
    const __u64 first = xt_name_part(xt_pair(name), &ended);
    const __u64 last = xt_name_part(xt_pair(name + 8), &ended);

    return (__u32)(xt_mix(first * 0xE7037ED1A0B428DBULL + last * 0x8EBC6AF09C88C6E3ULL) >> 32);
}

#endif
