/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the kernel's memory: part of kernel.h and early_kernel.h. */
#ifndef XTBPF_KERNEL_READ_H
#define XTBPF_KERNEL_READ_H

void* bpf_cast_to_kern_ctx(void*) __ksym;
void* bpf_rdonly_cast(const void*, __u32) __ksym;

#define xt_cast(address, type) ((type*)bpf_rdonly_cast((const void*)(address), bpf_core_type_id_kernel(type)))

/* For a pointer in a structure that the verifier trusts, as the context's: before it says what that pointer is worth it searches all
 * types of the kernel by name, four times (btf_nested_type_is_trusted of kernel/bpf/verifier.c), half a millisecond each. */
#define xt_untrusted(structure) xt_cast(structure, __typeof__(*(structure)))

/* Eight bytes of kernel memory as a plain number, whatever they are (to the verifier a pointer allows less), and one. These are
 * types of any kernel that begin with a number of that size. */
#define xt_word(address) ((__u64)xt_cast(address, struct timespec64)->tv_sec)
#define xt_byte(address) ((__u8)xt_cast(address, struct ethhdr)->h_dest[0])

#define xt_offset(type, field) bpf_core_field_offset(type, field)

/* A bit field, read as part of a word, which may reach over its neighbours. Little-endian machines only. */
#define xt_bits(pointer, field)                                                                                        \
    (xt_word((__u64)(pointer) + __CORE_RELO(pointer, field, BYTE_OFFSET))                                              \
         << __CORE_RELO(pointer, field, LSHIFT_U64) >>                                                                 \
     __CORE_RELO(pointer, field, RSHIFT_U64))

#endif
