/* SPDX-License-Identifier: Apache-2.0 */
/* The executor (src/init/) as bytes inside husk. */
	.section .rodata.husk_init, "a"
	.balign 16
	.global husk_init_start, husk_init_end
	.type husk_init_start, %object
	.type husk_init_end, %object
husk_init_start:
	.incbin "src/init/husk-init"
husk_init_end:
	.section .note.GNU-stack, "", %progbits
