/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of walk.h that heeds what has been edited since the image was made (image.h): rules that stand before the one found,
 * and whether that one is still there.
 */
#ifndef XTBPF_CLASSIFY_EDITS_H
#define XTBPF_CLASSIFY_EDITS_H

#include "translator/classify/find.h"

#define XT_EDITS_A_STEP 8

/* The image's edition as of now; rules that are being added or taken away belong to the next one. */
XT_WALK_INLINE __u8 xt_walk_edition(const struct xt_walk* w, const struct xt_image_header* header) {
    const struct xt_image_room* room = (const struct xt_image_room*)xt_walk_at(w, header->room);

    return room && header->room ? (__u8) * (const volatile __u64*)&room->state : 0;
}

/* state->edit is the next edit. If it stands before the rule found and may match, its check is next. */
XT_WALK_INLINE int xt_walk_edit(struct xt_walk* w) {
    const struct xt_view* v = w->view;
    struct xt_walk_state* s = w->state;
    const __u32 edition = v->where.place.edition, ports = (__u32)v->sport << 16 | v->dport;
    /* A header that is cut off may make a rule drop the packet before its ports are looked at. */
    const __u32 whole = v->l4_avail >= 20 && !v->frag_off && !(XT_WALK_V6(w) && v->l4 != XT_L4_OK) ? ~0U : 0;
    int i;

    XT_WALK_UNROLL
    for (i = 0; i < XT_EDITS_A_STEP; i++) {
        const struct xt_image_edit* edit = (const struct xt_image_edit*)xt_walk_at(w, s->edit);
        const __u32 at = s->edit + (__u32)sizeof *edit;

        if (!edit) return xt_walk_end(w, XT_WALK_HOTDROP);
        s->edit = edit->before > s->best ? 0 : edit->next;
        if (!((v->saddr[0] ^ edit->source) & edit->source_mask) &&
            !((v->daddr[0] ^ edit->destination) & edit->destination_mask) &&
            !((ports ^ edit->ports) & edit->ports_mask & whole) && edit->before <= s->best && edit->before >= s->from &&
            edit->born <= edition && edition < edit->died) {
            s->rule = at;
            s->odd |= XT_ODD_RULE;
            return 0;
        }
        if (!s->edit) return 0;
    }
    return 0;
}

/* Whether the image's rule that was found is there no more. Only if some have died. */
XT_WALK_INLINE int xt_walk_died(const struct xt_walk* w) {
    const struct xt_image_header* header = (const struct xt_image_header*)xt_walk_at(w, 0);
    const __u32* record = (const __u32*)xt_walk_at(w, w->state->best_rule);
    __u32 slot;
    int i;

    if (!header || !record) return 0;
    slot = ((const struct xt_image_rule*)(record + (XT_WALK_V6(w) ? 8 : 2)))->slot;
    XT_WALK_UNROLL
    for (i = 0; i < XT_DEATH_PROBES; i++) {
        const struct xt_image_death* death = (const struct xt_image_death*)xt_walk_at(
            w, header->deaths + xt_death_place(slot, (__u32)i) * (__u32)sizeof *death);

        if (!death || !death->slot) return 0;
        if (death->slot == slot + 1) return death->died <= w->view->where.place.edition;
    }
    return 0;
}

/* On behind the rule that `more` belongs to. */
XT_WALK_INLINE int xt_walk_behind(struct xt_walk* w, const struct xt_image_more* more) {
    const struct xt_image_edit* edit;

    w->state->chain = more->chain;
    w->state->from = more->next;
    if (XT_WALK_CALL(w, enter)) return 1;
    if (!(more->flags & XT_MORE_EDIT)) return 0;
    edit = (const struct xt_image_edit*)xt_walk_at(w, more->guard);
    if (!edit) return xt_walk_end(w, XT_WALK_HOTDROP);
    w->state->edit = edit->next;
    return 0;
}

#endif
