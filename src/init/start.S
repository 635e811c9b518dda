/* SPDX-License-Identifier: Apache-2.0 */
/* The first instructions of husk-init: hand the initial stack (argc, argv, …) to init_main. */
	.section .note.GNU-stack,"",%progbits
	.text
	.global	_start
	.type	_start, %function
_start:
#if defined(__x86_64__)
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	init_main
	hlt
#elif defined(__aarch64__)
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, sp
	bl	init_main
	brk	#0
#else
#error "husk-init has no start code for this architecture"
#endif
