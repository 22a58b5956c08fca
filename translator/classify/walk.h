/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk of a packet through an image (image.h): the first rule that matches, what it says, the next one, as ipt_do_table does.
 * In C, for BPF (datapath/bpf/classify.h) and for tests (walk.hpp) alike. It goes in small steps without loops, which the
 * verifier likes. The includer begins with xt_walk_start and repeats xt_walk_step until XT_WALK_DONE is said. Of the other
 * answers, XT_WALK_EXAMINE wants xt_walk_examine called, XT_WALK_EDIT xt_walk_edit, and XT_WALK_ASK guard view->callee asked and
 * xt_walk_answer called, whose answers are likewise: these, and what they call, aren't to be on the stack with a step.
 *
 * The includer defines
 * XT_WALK_COUNT(view, slot): a rule matched;
 * XT_WALK_EFFECT(walk, number): hands an effect off, numbered as at this hook; XT_WALK_PAUSE(walk): the walk is to stop until that
 * has been performed; 1: it isn't;
 * XT_WALK_CALL(walk, part): calls xt_walk_PART, which may be by way of a function of its own;
 * XT_WALK_BOUND(walk): the last offset of the image that may be read from; XT_WALK_V6(walk): whether packets are IPv6. These two
 * are constants in BPF.
 *
 * A packet is *odd* if a rule may drop it for what its transport header lacks (a "hotdrop", ir.hpp): then what stands before that
 * in a rule decides, and an index built on ports would skip rules. Odd packets have an index of their own; a rule that drops so is
 * found like one that matches.
 */
#ifndef XTBPF_CLASSIFY_WALK_H
#define XTBPF_CLASSIFY_WALK_H

#include "translator/classify/edits.h"

XT_WALK_INLINE const struct xt_image_root* xt_walk_root(const struct xt_walk* w) {
    return (const struct xt_image_root*)xt_walk_at(w, (__u32) __builtin_offsetof(struct xt_image_header, roots) +
                                                          w->view->hook * (__u32)sizeof(struct xt_image_root));
}

/* The chain of the hook that the walk began with is through. */
XT_WALK_INLINE int xt_walk_policy(struct xt_walk* w) {
    const struct xt_image_root* root = xt_walk_root(w);

    if (!root) return xt_walk_end(w, XT_WALK_HOTDROP);
    XT_WALK_COUNT(w->view, root->slot);
    return xt_walk_end(w, (int)root->verdict);
}

/* The chain returns. */
XT_WALK_INLINE int xt_walk_return(struct xt_walk* w) {
    struct xt_place* place = &w->view->where.place;
    const struct xt_image_more* more;
    __u32 depth = place->depth;

    if (depth == 0 || depth > XT_WALK_DEPTH) return xt_walk_policy(w);
    depth--;
    place->depth = (__u8)depth;
    more = (const struct xt_image_more*)xt_walk_at(w, place->stack[depth]);
    return more ? xt_walk_behind(w, more) : xt_walk_end(w, XT_WALK_HOTDROP);
}

/* What generated code says of the rest of the rule. XT_CONTINUE: it doesn't hold; XT_ACCEPT: it does; else the walk ends with that. */
XT_WALK_INLINE int xt_walk_answer(struct xt_walk* w, int answer) {
    if (answer == XT_CONTINUE) {
        w->state->from = w->state->best + 1;
        return XT_WALK_CALL(w, enter);
    }
    if (answer != XT_ACCEPT) return xt_walk_end(w, answer);
    w->state->found = XT_FOUND_WHOLE;
    return 0;
}

/* Behind the rule's effect. */
XT_WALK_INLINE int xt_walk_after(struct xt_walk* w, const struct xt_image_more* more) {
    return more->after != XT_CONTINUE ? xt_walk_end(w, more->after) : xt_walk_behind(w, more);
}

XT_WALK_INLINE int xt_walk_effect(struct xt_walk* w, const struct xt_image_more* more) {
    const struct xt_image_header* header = (const struct xt_image_header*)xt_walk_at(w, 0);
    const __u32* effect;

    if (!header) return xt_walk_end(w, XT_WALK_HOTDROP);
    effect = (const __u32*)xt_walk_at(w, header->effects + 4 * (more->target * XT_HOOKS + w->view->hook));
    if (!effect) return xt_walk_end(w, XT_WALK_HOTDROP);
    XT_WALK_EFFECT(w, *effect & 0xffff);
    if (*effect & XT_EFFECT_STOPS) {
        w->view->where.place.rule = w->state->best_rule;
        if (!XT_WALK_PAUSE(w)) return xt_walk_end(w, XT_STOP);
    }
    return xt_walk_after(w, more);
}

#define XT_WALK_RETURNS 7 /* beside enum xt_walk_says */

/* What the image's first rule that matches says, w->state->best_rule. */
XT_WALK_INLINE int xt_walk_rule(struct xt_walk* w) {
    struct xt_view* v = w->view;
    const struct xt_image_header* header = (const struct xt_image_header*)xt_walk_at(w, 0);
    const __u32* record = (const __u32*)xt_walk_at(w, w->state->best_rule);
    const struct xt_image_rule* rule;
    const struct xt_image_more* more;
    __u32 action, edit;

    if (!header || !record) return xt_walk_end(w, XT_WALK_HOTDROP);
    rule = (const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2));
    more = (const struct xt_image_more*)xt_walk_at(w, rule->more);
    if (!more) return xt_walk_end(w, XT_WALK_HOTDROP);
    edit = rule->more ? more->flags & XT_MORE_EDIT : 0;
    if (!edit && header->deaths && XT_WALK_CALL(w, died)) {
        w->state->from = rule->order + 1;
        return XT_WALK_CALL(w, enter);
    }
    if (w->state->found == XT_FOUND_HOT) return xt_walk_end(w, XT_WALK_HOTDROP);
    if ((rule->flags & XT_RULE_GUARD) && w->state->found != XT_FOUND_WHOLE) {
        v->where.place.rule = w->state->best_rule;
        v->callee = (__u16)more->guard;
        return XT_WALK_ASK;
    }
    action = rule->flags & XT_RULE_ACTION;
    XT_WALK_COUNT(v, rule->slot);
    if (action == XT_DO_ACCEPT) return xt_walk_end(w, XT_ACCEPT);
    if (action == XT_DO_DROP) return xt_walk_end(w, XT_DROP);
    if (action == XT_DO_RETURN) return XT_WALK_RETURNS;
    if (action == XT_DO_EFFECT) return xt_walk_effect(w, more);
    if (action == XT_DO_CONTINUE) {
        if (edit) return xt_walk_behind(w, more);
        w->state->from = rule->order + 1;
        return XT_WALK_CALL(w, enter);
    }
    if (action == XT_DO_JUMP) {
        const __u32 depth = v->where.place.depth;
        if (depth >= XT_WALK_DEPTH)
            return xt_walk_end(w, XT_WALK_HOTDROP); /* the classifier sees to it that this can't be */
        v->where.place.stack[depth] = rule->more;
        v->where.place.depth = (__u8)(depth + 1);
    }
    w->state->chain = more->target;
    w->state->from = 0;
    return XT_WALK_CALL(w, enter);
}

/* The chain has been searched. */
XT_WALK_INLINE int xt_walk_act(struct xt_walk* w) {
    if (w->state->edit) return XT_WALK_EDIT;
    if (w->state->best_rule) {
        const int done = xt_walk_rule(w);
        if (done != XT_WALK_RETURNS) return done;
    }
    return xt_walk_return(w);
}

/* As far in one go as needs no loop: the next tuples, the rules there, what the first one that matches says. */
XT_WALK_INLINE int xt_walk_step(struct xt_walk* w) {
    const struct xt_walk_state* s = w->state;

    if (s->rule || s->todo) {
        const int says = xt_walk_seek(w);
        if (says) return says;
    }
    return s->rule || s->todo ? XT_WALK_ON : xt_walk_act(w);
}

/* From the start of the hook's built-in chain; of a packet that stopped (its depth isn't 0), from there on. */
XT_WALK_INLINE int xt_walk_start(struct xt_walk* w) {
    const struct xt_image_header* header = (const struct xt_image_header*)xt_walk_at(w, 0);
    const struct xt_image_root* root = xt_walk_root(w);
    struct xt_view* v = w->view;
    struct xt_place* place = &v->where.place;
    const __u32* record;
    const struct xt_image_rule* rule;
    const struct xt_image_more* more;

    if (!header || !root) return xt_walk_end(w, XT_WALK_HOTDROP);
    w->state->odd = (__u8)xt_walk_is_odd(v, header, XT_WALK_V6(w));
    w->state->chain = root->chain;
    w->state->from = 0;
    v->resume = 0;
    if (!v->depth) {
        place->depth = 0;
        place->edition = xt_walk_edition(w, header);
        return xt_walk_enter(w);
    }
    v->depth = 0;
    record = (const __u32*)xt_walk_at(w, place->rule);
    if (!record) return xt_walk_end(w, XT_WALK_HOTDROP);
    rule = (const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2));
    more = (const struct xt_image_more*)xt_walk_at(w, rule->more);
    if (!more) return xt_walk_end(w, XT_WALK_HOTDROP);
    if (place->site == XT_SITE_BEHIND) return xt_walk_after(w, more);
    v->resume = place->site;
    w->state->chain = more->chain;
    w->state->best_rule = place->rule; /* the first step acts on it */
    w->state->best = rule->order;
    return 0;
}

#endif
