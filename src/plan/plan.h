/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as a plan: a flat list of operations, in the order in which they happen.
 *
 * The plan is one block of memory without pointers: a header, the ops, and data that the ops name
 * by offset.  The host builds it (plan_build.h), reads it (plan_view.h), prints it (plan_print.h) and walks it (run_walk.h);
 * the executor gets the same block in a sealed memfd and walks it too.  Each side does its own
 * ops; a run of ops of one side is a turn (sync.h).  This header is shared with the executor, so
 * it needs nothing but <stdint.h>.
 */
#ifndef HUSK_PLAN_H
#define HUSK_PLAN_H

#include <stdint.h>

#define PLAN_MAGIC 0x6b737568u          /* "husk" */
#define PLAN_MAX_SIZE (8u << 20)
#define PLAN_MAX_OPS 8192u
#define PLAN_SLOTS 96                   /* descriptor slots; a plan that needs more uses them in batches */
#define PLAN_NO_SLOT UINT64_MAX

enum op_side { SIDE_HOST, SIDE_EXEC, SIDE_INIT };

enum op_code {
#define OP(id, side, name, args, text) OP_##id,
#include "op.def"
#undef OP
	OP_MAX
};

/* What `target` must find or make. */
enum target_kind {
	TARGET_DIR,        /* a directory; made with mode if missing */
	TARGET_FILE,       /* a regular file; made empty if missing; anything but a directory is fine */
	TARGET_LIKE,       /* directory or file, like what is in slot `like` */
	TARGET_EXISTING,   /* must be there */
	TARGET_NOFOLLOW_DIR, /* as TARGET_DIR, but a symbolic link at the last name is an error (/proc, /sys) */
	TARGET_LINK_LIKE,  /* as TARGET_LIKE, but a symbolic link at the last name is itself the place */
	TARGET_KIND_MAX
};

/* What happens when an op fails (the checker knows which ops may have what). */
enum on_error {
	ON_ERROR_FAIL,     /* the command fails */
	ON_ERROR_WARN,     /* a warning to the host; go on */
	ON_ERROR_MISSING,  /* ENOENT and ENOTDIR are fine, and the next `alt` ops are skipped; else fail */
	ON_ERROR_ALT_PERM, /* EPERM, EACCES, EROFS, EINVAL, ENODEV, ENOSYS, EOPNOTSUPP: the next `alt` ops are
	                      done in its place; when the op succeeds they are skipped; else fail */
	ON_ERROR_ALT,      /* the same for any errno */
	ON_ERROR_MAX
};

enum { NS_FIRST, NS_DEFERRED };                     /* phases of setns */
enum {                                              /* flags of idmap */
	IDMAP_DENY_SETGROUPS = 1,                   /* write "deny" first: unprivileged, own group only */
	IDMAP_HELPERS = 2,                          /* newuidmap and newgidmap */
};

#define A0()
#define A1(t1, a1) uint64_t a1;
#define A2(t1, a1, ...) uint64_t a1; A1(__VA_ARGS__)
#define A3(t1, a1, ...) uint64_t a1; A2(__VA_ARGS__)
#define A4(t1, a1, ...) uint64_t a1; A3(__VA_ARGS__)
#define A5(t1, a1, ...) uint64_t a1; A4(__VA_ARGS__)
#define A6(t1, a1, ...) uint64_t a1; A5(__VA_ARGS__)
#define A7(t1, a1, ...) uint64_t a1; A6(__VA_ARGS__)
#define OP(id, side, name, args, text) struct op_args_##id { args };
#include "op.def"
#undef OP

#define OP_MAX_ARGS 7
union op_args {
#define OP(id, side, name, args, text) struct op_args_##id id;
#include "op.def"
#undef OP
	uint64_t raw[OP_MAX_ARGS];
};
#undef A0
#undef A1
#undef A2
#undef A3
#undef A4
#undef A5
#undef A6
#undef A7

struct op {
	uint16_t code;         /* enum op_code */
	uint8_t on_error;      /* enum on_error */
	uint8_t alt;           /* how many of the following ops are the alternative */
	uint32_t where;        /* offset of the JSON pointer that it comes from; 0: none */
	union op_args u;
};

struct plan_header {
	uint32_t magic;
	uint32_t build_id;     /* of husk: plan and executor must be from one build */
	uint32_t size;         /* of the whole block */
	uint32_t n_ops;
	uint32_t ops;          /* offset of struct op[n_ops] */
	uint32_t data;         /* offset of the data: strings and blobs; data[0] is "" */
	uint32_t data_size;
	uint32_t flags;        /* PLAN_* */
	uint32_t first_fd;     /* first descriptor that is not the program's: 3 + LISTEN_FDS + preserve_fds */
	uint32_t reserved;
	uint64_t ignored;      /* bit n - 1: signal n may be ignored, and is made default before the program runs */
};
enum {
	PLAN_TRACE = 1,        /* measure each op */
	PLAN_BORN = 2,         /* there is no `clone`: the executor is the container process from its birth */
};

/*
 * Data.  An offset counts from the start of the data; 0 means "none".
 *   STR   NUL-terminated bytes
 *   STRV  struct plan_strv, then len bytes: n strings, each with its NUL
 *   BLOB  struct plan_blob, then len bytes
 * Both headers are 8-byte aligned.
 */
struct plan_strv { uint32_t n, len; };
struct plan_blob { uint32_t len, pad; };

/* Offset of `where` and of strings is checked once, when the plan is loaded (plan_check, also
 * compiled into the executor): every offset is in the data, every string ends in it, every slot is
 * below PLAN_SLOTS, every code, on_error and alt is valid.  Returns 0 or a negative errno. */
int plan_check(const void *block, uint64_t size, uint32_t build_id);

#endif
