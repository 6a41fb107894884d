/* byhand_jump.S: the registers filled from a ByhandFrame, the call, and what came back.
 *
 * The page of assembly that every foreign function interface has somewhere; libffi's are src/x86/unix64.S and
 * src/aarch64/sysv.S. The registers that hold arguments are loaded last, as they are all in use from then on; the
 * frame's address is kept in a register that a function must leave as it found it.
 *
 * Offsets: function 0, nstack 8, nvector 16, general 24, vector 88, general_result 152, vector_result 160, stack 168.
 */
#if defined(__APPLE__)
#define NAME(name) _##name
#else
#define NAME(name) name
#endif

#if defined(__x86_64__) && defined(__LP64__)
        .text
        .globl  NAME(byhand_jump)
NAME(byhand_jump):
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset 6, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register 6
        pushq   %rbx
        .cfi_offset 3, -24
        subq    $8, %rsp
        movq    %rdi, %rbx              /* the frame */

        movq    8(%rbx), %rcx           /* nstack: so many words, and one more if they are odd, */
        leaq    1(%rcx), %rax           /* as rsp must be a multiple of 16 at a call */
        andq    $-2, %rax
        shlq    $3, %rax
        subq    %rax, %rsp
1:      testq   %rcx, %rcx              /* the last word first: the first one ends up lowest */
        jz      2f
        movq    160(%rbx,%rcx,8), %rax  /* stack[rcx - 1] */
        movq    %rax, -8(%rsp,%rcx,8)
        decq    %rcx
        jmp     1b

2:      movq    16(%rbx), %rax          /* al: how many vector registers hold something */
        testl   %eax, %eax
        jz      3f
        movsd   88(%rbx), %xmm0
        movsd   96(%rbx), %xmm1
        movsd   104(%rbx), %xmm2
        movsd   112(%rbx), %xmm3
        movsd   120(%rbx), %xmm4
        movsd   128(%rbx), %xmm5
        movsd   136(%rbx), %xmm6
        movsd   144(%rbx), %xmm7
3:
        movq    24(%rbx), %rdi
        movq    32(%rbx), %rsi
        movq    40(%rbx), %rdx
        movq    48(%rbx), %rcx
        movq    56(%rbx), %r8
        movq    64(%rbx), %r9
        call    *(%rbx)
        movq    %rax, 152(%rbx)
        movsd   %xmm0, 160(%rbx)

        movq    -8(%rbp), %rbx
        leave
        .cfi_def_cfa 7, 8
        ret
        .cfi_endproc

#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__APPLE__)
        .text
        .globl  byhand_jump
        .type   byhand_jump, %function
byhand_jump:
        .cfi_startproc
        stp     x29, x30, [sp, #-32]!
        .cfi_def_cfa_offset 32
        .cfi_offset 29, -32
        .cfi_offset 30, -24
        mov     x29, sp
        .cfi_def_cfa_register 29
        str     x19, [sp, #16]
        .cfi_offset 19, -16
        mov     x19, x0                 /* the frame */

        ldr     x9, [x19, #8]           /* nstack: so many words, and one more if they are odd, */
        add     x10, x9, #1             /* as sp is always a multiple of 16 */
        and     x10, x10, #-2
        sub     sp, sp, x10, lsl #3
        add     x11, x19, #168
1:      cbz     x9, 2f                  /* the last word first: the first one ends up lowest */
        sub     x9, x9, #1
        ldr     x10, [x11, x9, lsl #3]
        str     x10, [sp, x9, lsl #3]
        b       1b

2:      ldp     d0, d1, [x19, #88]
        ldp     d2, d3, [x19, #104]
        ldp     d4, d5, [x19, #120]
        ldp     d6, d7, [x19, #136]
        ldp     x0, x1, [x19, #24]
        ldp     x2, x3, [x19, #40]
        ldp     x4, x5, [x19, #56]
        ldp     x6, x7, [x19, #72]
        ldr     x16, [x19]
        blr     x16
        str     x0, [x19, #152]
        str     d0, [x19, #160]

        mov     sp, x29
        ldr     x19, [sp, #16]
        ldp     x29, x30, [sp], #32
        .cfi_restore 19
        .cfi_restore 29
        .cfi_restore 30
        .cfi_def_cfa 31, 0
        ret
        .cfi_endproc
        .size   byhand_jump, . - byhand_jump
#endif

#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
