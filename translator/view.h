/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view of a packet: everything a rule can ask, laid out once, before the rules run.
 *
 * Shared by the BPF programs (datapath/bpf, which fill it from the kernel's structures), by the generated code and by the
 * interpreter (translator, which fill or read it through the field table in field.hpp). Plain C; no pointers; numbers are
 * in host byte order unless said otherwise. It lives on the BPF stack (512 bytes for all frames): keep it small.
 */
#ifndef XTBPF_VIEW_H
#define XTBPF_VIEW_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define XT_HOOKS 5
#define XT_MOST_SITES 8 /* functions of generated code that call each other; BPF allows no more frames */
#define XT_NO_NEED 0xffff
#ifndef XT_VIEW_PATH
#define XT_VIEW_PATH                                                                                                   \
    12 /* rules of the path that are remembered before they are counted; the exact stage remembers none */
#endif

/* What became of the search for the transport header. */
enum xt_l4 {
    XT_L4_OK = 0, /* proto and l4_avail are valid; frag_off may still say that no header is here */
    /* IPv6 only: an extension header is cut off, or one follows the header of a later fragment (ipv6_find_hdr then fails with
       fragoff 0, as for the first): `-p` is a hotdrop (ip6_packet_match). */
    XT_L4_BROKEN = 1,
};

/* How rules are counted while the generated code runs. */
enum xt_mode {
    XT_MODE_DIRECT = 0, /* a matching rule's counter is incremented at once */
    XT_MODE_RECORD = 1, /* its slot goes to path[]; the caller counts the path once the verdict is known */
    XT_MODE_DRY = 2,    /* its slot is mixed into path_hash, nothing is counted or handed off: the self-check */
};

enum xt_verdict {
    XT_CONTINUE = 0, /* the chain ran off its end, or RETURN: back to the caller */
    XT_ACCEPT = 1,
    XT_DROP = 2,
    XT_DEFER = 3,  /* early stage: something needed isn't known here; leave the packet alone, uncounted */
    XT_STOP = 4,   /* the kernel has to perform what is due first, and to answer its match number `need` */
    XT_RETURN = 5, /* between the parts of one chain only: the chain returns, its later parts aren't run */
    XT_CALL = 6,   /* deep nesting only: to be continued in chain function `callee` */
};

/* Places in xt_view.ext_at. */
enum xt_extension { XT_EXT_HOP, XT_EXT_ROUTING, XT_EXT_FRAGMENT, XT_EXT_AUTH, XT_EXT_DEST, XT_EXTENSIONS };

/* xt_view.ext_headers where ipv6header_mt6 finds a header cut off and says no. */
#define XT_EXT_CUT 0x100

/* What rt_tcp_mss answers beside a value. */
enum xt_mss { XT_MSS_ABSENT = 0x10000, XT_MSS_BROKEN = 0x10001 };

enum xt_owner { XT_OWNER_NO_SOCKET = 0, XT_OWNER_NO_FILE = 1, XT_OWNER_FILE = 2 };

#define XT_WALK_DEPTH 6 /* jumps that a walk through an image can have pending */

/* Where a walk through an image (classify/walk.h) stands while generated code runs, or once it has stopped. */
struct xt_place {
    __u16 site;                 /* where the rule goes on: a site of its guard, or XT_SITE_BEHIND; as sites[0] */
    __u8 depth;                 /* jumps that are pending, */
    __u8 edition;               /* of the image, as the traversal began, */
    __u32 rule;                 /* the rule it stands at: its record, */
    __u32 stack[XT_WALK_DEPTH]; /* and where the jumps came from: offsets of xt_image_more */
};

#define XT_SITE_BEHIND 0xffff /* behind the rule's effect */

/* Where a traversal stands that has stopped. */
union xt_where {
    __u16 sites[XT_MOST_SITES]; /* of functions, the innermost first (codegen/sites.hpp) */
    struct xt_place place;
};

struct xt_view {
    __u32 saddr[4]; /* host order words, most significant first; IPv4 in [0], rest 0 */
    __u32 daddr[4];
    __u8 in_name[16]; /* device names, zero padded; all zero: none (at OUTPUT no in, at INPUT no out) */
    __u8 out_name[16];

    __u32 len;      /* bytes that counters count: skb->len at the hook: the IP packet without padding */
    __u32 ip_len;   /* IPv4 tot_len; IPv6 len (xt_length reads skb->len there since Linux 6.3) */
    __u32 l4_avail; /* bytes of the packet from thoff on (skb->len - thoff); 0 if thoff is behind its end */
    __u32 mark;
    __u32 uid; /* socket owner; valid if owner == XT_OWNER_FILE */
    __u32 gid;
    __u32 mac_src_lo; /* source MAC, its last four bytes as one number */
    __u16 mac_src_hi; /* its first two */
    __u16 thoff;      /* offset of the transport header from the network header */
    __u16 frag_off;   /* IPv4: in 8-byte units, 0 = first or whole; IPv6: in bytes, 0 = first or whole */
    __u16 sport; /* first two and second two bytes of the transport header; each 0 unless both its bytes are there */
    __u16 dport;
    __u16 icmp_type_code; /* type << 8 | code: the bytes of sport */

    /* IPv6 only: for predicates on extension headers */
    __u16 ext_at[XT_EXTENSIONS]; /* where the first of each kind begins, from the network header; 0: there is none */
    __u16 ext_headers;           /* MASK_* of linux/netfilter_ipv6/ip6t_ipv6header.h, or XT_EXT_CUT */
    __u8 ext_broken;             /* ipv6_find_hdr answers EBADMSG for those that aren't in ext_at, else ENOENT */
    __u8 hook;                   /* NF_INET_* */

    __u8 proto;     /* IPv4 protocol; IPv6: the last header (ipv6_find_hdr with target -1) */
    __u8 l4;        /* enum xt_l4 */
    __u8 tos;       /* IPv4 tos; IPv6 traffic class */
    __u8 ttl;       /* IPv4 ttl; IPv6 hop limit */
    __u8 tcp_flags; /* byte 13 of the TCP header; 0 unless all its 20 bytes are there */
    __u8 tcp_doff;  /* TCP data offset in 32-bit words; 0 likewise */
    __u8 pkttype;   /* PACKET_* of linux/if_packet.h, loopback resolved as xt_pkttype does */
    __u8 mac_valid; /* there is an Ethernet header (xt_mac) */

    __u8 owner;      /* enum xt_owner */
    __u8 ct_present; /* skb has a conntrack entry */
    __u8 ct_dir;     /* 0 original, 1 reply */
    __u8 ct_proto;   /* l4 protocol of the entry's original tuple */
    __u32 ct_state;  /* XT_CONNTRACK_STATE_* bits of this packet, always at least one */
    __u32 ct_status; /* nf_conn.status */
    __u32 ct_mark;
    __u32 ct_expires;     /* seconds left */
    __u32 ct_orig_src[4]; /* as saddr */
    __u32 ct_orig_dst[4];
    __u32 ct_repl_src[4];
    __u32 ct_repl_dst[4];
    __u16 ct_orig_sport, ct_orig_dport, ct_repl_sport, ct_repl_dport;

    /* Working state of the traversal, not part of the packet. */
    __u8 mode;          /* enum xt_mode */
    __u8 path_len;      /* XT_VIEW_PATH + 1: overflowed */
    __u8 effects;       /* hand-offs recorded so far */
    __u8 interruptible; /* the hook may run in process context, and a softirq count in between */
    __u32 packet_off;   /* where the network header lies in what the program can load bytes from */
    __u16 need;         /* after XT_STOP: number of the hand-in, or XT_NO_NEED */
    __u8 answer;        /* when a traversal is resumed: the kernel's answer to it */
    __u8 depth;         /* of where.sites; not 0 when a traversal is to be resumed */
    union xt_where where;
    __u16 callee; /* deep nesting: number of the chain function that runs, or is to run; a walk: of the guard */
    __u16 site;   /* deep nesting: where the calling function goes on */
    __u16 resume; /* deep nesting, guards: the site at which `callee` goes on; 0: at its start */
    __u16 pad1;
    __u32 path_hash;          /* XT_MODE_DRY: xt_path_mix over the slots in order */
    __u32 effect_hash;        /* XT_MODE_DRY: and over the effects' numbers */
    __u32 path[XT_VIEW_PATH]; /* XT_MODE_RECORD: slots of the matched rules in order */
};

/* Mixes one more step of the path; bijective in `step` for a given hash, so that no two single steps collide. */
static inline __u32 xt_path_mix(__u32 hash, __u32 step) {
    hash = (hash ^ step) * 0x9E3779B1U;
    return hash ^ (hash >> 15);
}

/* What a dry run answers. */
static inline __u32 xt_dry_result(const struct xt_view* view, __u32 verdict) {
    return xt_path_mix(xt_path_mix(view->path_hash, view->effect_hash), verdict);
}

#endif
