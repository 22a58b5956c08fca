/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops of many steps that the verifier needn't unroll and that need no frame (kernel/bpf/bpf_iter.c); from Linux 6.4 on. */
#ifndef XTBPF_STEPS_H
#define XTBPF_STEPS_H

struct bpf_iter_num {
    __u64 state;
};
extern int bpf_iter_num_new(struct bpf_iter_num* it, int start, int end) __ksym __weak;
extern int* bpf_iter_num_next(struct bpf_iter_num* it) __ksym __weak;
extern void bpf_iter_num_destroy(struct bpf_iter_num* it) __ksym __weak;

#define xt_steps_work() bpf_core_type_exists(struct bpf_iter_num)

#endif
