/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains that nest deeper than BPF functions may call each other. A chain function then doesn't call another chain: it
 * returns XT_CALL with the callee's number and its own site to go on at, and this loop keeps the stack of returns.
 */
#ifndef XTBPF_DEEP_H
#define XTBPF_DEEP_H

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1024);
    __type(key, __u64); /* the skb's address: a hook can be interrupted by itself */
    __type(value, struct xt_return_stack);
} xt_stacks SEC(".maps");

static const struct xt_return_stack xt_new_stack;

/* Stands for generated code that calls the chain function v->callee. */
__noinline int dispatch(struct __sk_buff* ctx, struct xt_view* v) {
    int verdict = XT_DROP;
    asm volatile("" : "+r"(verdict) : "r"(ctx), "r"(v)); /* else clang would take the verdict for a constant */
    return verdict;
}

struct xt_deep_walk {
    struct __sk_buff* ctx;
    struct xt_view* view;
    struct xt_return_stack* stack;
    int verdict;
};

/* One chain function, or what is left of one. Returns 1 once the verdict is known. */
static long xt_deep_step(__u32 index __attribute__((unused)), struct xt_deep_walk* walk) {
    struct xt_view* v = walk->view;
    struct xt_return_stack* stack = walk->stack;
    __u16 running = v->callee;
    __u32 depth = stack->depth;
    int verdict = dispatch(walk->ctx, v);

    if (verdict == XT_CALL) {
        v->resume = 0;
        if (depth >= XT_MOST_NESTED) return 1; /* the compiler sees to it that this can't be */
        stack->frames[depth].function = running;
        stack->frames[depth].site = v->site;
        stack->depth = depth + 1;
        return 0;
    }
    if (verdict == XT_CONTINUE && depth > 0 && depth <= XT_MOST_NESTED) {
        depth--;
        v->callee = stack->frames[depth].function;
        v->resume = stack->frames[depth].site;
        stack->depth = depth;
        return 0;
    }
    if (verdict == XT_STOP && depth <= XT_MOST_NESTED) {
        stack->frames[depth].function = running;
        stack->frames[depth].site = v->site;
        stack->depth = depth + 1;
    }
    walk->verdict = verdict;
    return 1;
}

/* A new stack, with the built-in chain to be run from its start; or, of a traversal that stopped, its own. */
static __always_inline struct xt_return_stack* xt_walk_stack(struct xt_view* v, __u64 key) {
    struct xt_return_stack* stack;
    __u32 depth;

    v->callee = 0;
    v->resume = 0;
    if (!v->depth) {
        if (bpf_map_update_elem(&xt_stacks, &key, &xt_new_stack, BPF_ANY)) return 0;
        return bpf_map_lookup_elem(&xt_stacks, &key);
    }
    v->depth = 0;
    stack = bpf_map_lookup_elem(&xt_stacks, &key);
    if (!stack) return 0;
    depth = stack->depth - 1;
    if (depth > XT_MOST_NESTED) return 0;
    v->callee = stack->frames[depth].function;
    v->resume = stack->frames[depth].site;
    stack->depth = depth;
    return stack;
}

#define XT_MOST_STEPS (1 << 20)

/* Runs chain function 0, the built-in chain, to its verdict. What can't be followed is dropped. */
__noinline int rt_deep(struct __sk_buff* ctx, struct xt_view* v) {
    struct xt_deep_walk walk = {.ctx = ctx, .view = v, .verdict = XT_DROP};
    __u64 key = (__u64)ctx;

    if (!v) return XT_DROP;
    walk.stack = xt_walk_stack(v, key);
    if (!walk.stack) return XT_DROP;
    bpf_loop(XT_MOST_STEPS, xt_deep_step, &walk, 0);
    if (walk.verdict != XT_STOP) bpf_map_delete_elem(&xt_stacks, &key);
    return walk.verdict;
}

#endif
