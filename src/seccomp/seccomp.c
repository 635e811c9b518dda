/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp as a BPF program: checks, libseccomp's rules, and what is put in front; see seccomp.h. */
#include "seccomp.h"

#include "ocispec.h"
#include "seccomp_action.h"
#include "seccomp_cache.h"
#include "seccomp_eval.h"
#include "seccomp_numbers.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/kernel.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ERRNO_MAX 4095
#define N_ARCHS ((size_t)oci_seccomp_arch_MAX + 1) /* those of the profile, and the native one */

/* ---- words ------------------------------------------------------------------------------------------ */

static const enum scmp_compare compares[] = {
	[OCI_SCMP_CMP_NE] = SCMP_CMP_NE,
	[OCI_SCMP_CMP_LT] = SCMP_CMP_LT,
	[OCI_SCMP_CMP_LE] = SCMP_CMP_LE,
	[OCI_SCMP_CMP_EQ] = SCMP_CMP_EQ,
	[OCI_SCMP_CMP_GE] = SCMP_CMP_GE,
	[OCI_SCMP_CMP_GT] = SCMP_CMP_GT,
	[OCI_SCMP_CMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};
_Static_assert(sizeof(compares) / sizeof(*compares) == oci_seccomp_op_MAX, "every comparison has a value");

static const struct {
	unsigned long value;
	bool listener_only; /* the kernel takes it only together with a listener */
} flags[] = {
	[OCI_SECCOMP_FLAG_TSYNC] = { SECCOMP_FILTER_FLAG_TSYNC, false },
	[OCI_SECCOMP_FLAG_LOG] = { SECCOMP_FILTER_FLAG_LOG, false },
	[OCI_SECCOMP_FLAG_SPEC_ALLOW] = { SECCOMP_FILTER_FLAG_SPEC_ALLOW, false },
	[OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV] = { SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, true },
};
_Static_assert(sizeof(flags) / sizeof(*flags) == oci_seccomp_flag_MAX, "every flag has a value");

/* libseccomp knows an architecture by the kernel's name without the prefix, in lower case. */
static uint32_t find_arch(enum oci_seccomp_arch arch)
{
	const char *word = oci_seccomp_arch_words[arch] + strlen("SCMP_ARCH_");
	char name[32] = "";

	for (size_t i = 0; word[i] && i + 1 < sizeof(name); i++)
		name[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] - 'A' + 'a') : word[i];
	return seccomp_arch_resolve_name(name);
}

/* ---- checks that need no libseccomp -------------------------------------------------------------------- */

/* An error at a place below /linux/seccomp. */
#define fail_at(err, code, place, ...) (err_say((err), (code), __VA_ARGS__), err_where_seccomp((err), (place)))

static int err_where_seccomp(struct err *err, const char *place)
{
	_cleanup_free_ char *pointer = mem_printf("/linux/seccomp%s", place);

	return err_where(err, pointer);
}

static int check_errno(enum oci_seccomp_action action, bool given, uint32_t value, const char *place, struct err *err)
{
	if (!given)
		return 0;
	if (!seccomp_action_takes_errno(action))
		return fail_at(err, -EINVAL, place, "%s takes no errno (only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do)",
			       oci_seccomp_action_words[action]);
	if (value > (action == OCI_SCMP_ACT_ERRNO ? ERRNO_MAX : UINT16_MAX))
		return fail_at(err, -ERANGE, place, "errno %u is out of range", value);
	return 0;
}

static int check_rule(const struct oci_seccomp_syscall *rule, size_t i, struct err *err)
{
	_cleanup_free_ char *names = mem_printf("/syscalls/%zu/names", i);
	_cleanup_free_ char *errno_ret = mem_printf("/syscalls/%zu/errnoRet", i);

	if (!rule->n_names)
		return fail_at(err, -EINVAL, names, "a rule needs the name of a system call at least");
	return check_errno(rule->action, rule->has_errno_ret, rule->errno_ret, errno_ret, err);
}

static bool has_notify(const struct oci_seccomp *s)
{
	if (s->default_action == OCI_SCMP_ACT_NOTIFY)
		return true;
	for (size_t i = 0; i < s->n_syscalls; i++) {
		if (s->syscalls[i].action == OCI_SCMP_ACT_NOTIFY)
			return true;
	}
	return false;
}

static int check_listener(const struct oci_seccomp *s, struct err *err)
{
	if (has_notify(s) && !s->listener_path)
		return fail_at(err, -EINVAL, "/listenerPath", "SCMP_ACT_NOTIFY needs a listenerPath");
	if (s->listener_metadata && !s->listener_path)
		return fail_at(err, -EINVAL, "/listenerMetadata", "listenerMetadata needs a listenerPath");
	return 0;
}

static int check_profile(const struct oci_seccomp *s, struct err *err)
{
	int r = check_errno(s->default_action, s->has_default_errno_ret, s->default_errno_ret, "/defaultErrnoRet", err);

	for (size_t i = 0; r == 0 && i < s->n_syscalls; i++)
		r = check_rule(&s->syscalls[i], i, err);
	return r < 0 ? r : check_listener(s, err);
}

/* ---- flags -------------------------------------------------------------------------------------------- */

/* A filter that is NULL is looked at after the flags: EFAULT says that they are fine. */
static bool kernel_has_flag(enum oci_seccomp_flag flag)
{
	unsigned long value = flags[flag].value;

	if (flags[flag].listener_only)
		value |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, value, NULL) < 0 && errno == EFAULT;
}

static int find_flags(const struct oci_seccomp *s, bool listener, uint32_t *ret, struct err *err)
{
	/* Without a word about flags the mitigation of speculative store bypass is not forced on, as in runc: it costs
	 * much, and since 5.16 it is off for filters by default anyway. */
	unsigned long value = s->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	for (size_t i = 0; i < s->n_flags; i++) {
		enum oci_seccomp_flag flag = s->flags[i];
		_cleanup_free_ char *place = mem_printf("/flags/%zu", i);

		if (flags[flag].listener_only && !listener) {
			log_debug("seccomp: %s means nothing without SCMP_ACT_NOTIFY", oci_seccomp_flag_words[flag]);
			continue;
		}
		if (!kernel_has_flag(flag))
			return fail_at(err, -EINVAL, place, "this kernel does not have %s",
				       oci_seccomp_flag_words[flag]);
		value |= flags[flag].value;
	}
	if (listener)
		value |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (listener && value & SECCOMP_FILTER_FLAG_TSYNC)
		value |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH; /* else the result is a descriptor or a thread id */
	*ret = (uint32_t)value;
	return 0;
}

const char *const *seccomp_supported_archs(void)
{
	static const char *words[oci_seccomp_arch_MAX + 1];
	size_t n = 0;

	for (unsigned i = 0; i < oci_seccomp_arch_MAX; i++)
		if (find_arch((enum oci_seccomp_arch)i))
			words[n++] = oci_seccomp_arch_words[i];
	words[n] = NULL;
	return words;
}

const char *const *seccomp_supported_flags(void)
{
	static const char *words[oci_seccomp_flag_MAX + 1];
	size_t n = 0;

	for (enum oci_seccomp_flag flag = 0; flag < oci_seccomp_flag_MAX; flag++) {
		if (kernel_has_flag(flag))
			words[n++] = oci_seccomp_flag_words[flag];
	}
	words[n] = NULL;
	return words;
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static struct scmp_arg_cmp find_compare(const struct oci_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = arg->index, .op = compares[arg->op], .datum_a = arg->value, .datum_b = arg->value_two
	};
}

/* libseccomp takes one comparison an argument. */
static bool compares_one_argument_twice(const struct oci_seccomp_syscall *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & 1u << rule->args[i].index)
			return true;
		seen |= 1u << rule->args[i].index;
	}
	return false;
}

static int add_call(scmp_filter_ctx ctx, const struct oci_seccomp_syscall *rule, uint32_t action, int nr)
{
	struct scmp_arg_cmp args[6];
	int r = 0;

	/* Profiles in the world mean "or" by it, and every runtime takes it so. */
	if (compares_one_argument_twice(rule)) {
		for (size_t i = 0; r == 0 && i < rule->n_args; i++) {
			args[0] = find_compare(&rule->args[i]);
			r = seccomp_rule_add_array(ctx, action, nr, 1, args);
		}
		return r;
	}
	for (size_t i = 0; i < rule->n_args; i++)
		args[i] = find_compare(&rule->args[i]);
	return seccomp_rule_add_array(ctx, action, nr, (unsigned)rule->n_args, args);
}

static int add_rule(scmp_filter_ctx ctx, const struct oci_seccomp *s, size_t i, bool whole, struct err *err)
{
	const struct oci_seccomp_syscall *rule = &s->syscalls[i];
	uint32_t action = seccomp_rule_action(rule);

	if (action == seccomp_default_action(s))
		return 0;
	for (size_t j = 0; j < rule->n_names; j++) {
		int nr = seccomp_syscall_resolve_name(rule->names[j]);

		if (nr == __NR_SCMP_ERROR) {
			log_debug("seccomp: unknown system call %s is left out", rule->names[j]);
			continue;
		}
		if (!whole && seccomp_numbers_decide(s, rule, rule->names[j]))
			continue;
		int r = add_call(ctx, rule, action, nr);
		if (r < 0) {
			_cleanup_free_ char *place = mem_printf("/syscalls/%zu", i);

			if (r == -EEXIST)
				return fail_at(err, -EINVAL, place, "the rule for %s contradicts an earlier one",
					       rule->names[j]);
			err_set(err, r, "seccomp rule for %s", rule->names[j]);
			return err_where_seccomp(err, place);
		}
	}
	return 0;
}

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *s, uint32_t archs[N_ARCHS], size_t *ret_n,
		     struct err *err)
{
	size_t n = 0;

	archs[n++] = seccomp_arch_native();
	for (size_t i = 0; i < s->n_architectures; i++) {
		const char *word = oci_seccomp_arch_words[s->architectures[i]];
		_cleanup_free_ char *place = mem_printf("/architectures/%zu", i);
		uint32_t arch = find_arch(s->architectures[i]);

		if (!arch)
			return fail_at(err, -EINVAL, place, "libseccomp %u.%u.%u does not know %s",
				       seccomp_version()->major, seccomp_version()->minor, seccomp_version()->micro,
				       word);
		int r = seccomp_arch_add(ctx, arch);
		if (r == -EEXIST)
			continue;
		if (r == -EDOM)
			return fail_at(err, -EINVAL, place, "%s has another byte order than this machine", word);
		if (r < 0) {
			err_set(err, r, "seccomp architecture %s", word);
			return err_where_seccomp(err, place);
		}
		if (n < N_ARCHS)
			archs[n++] = arch;
	}
	*ret_n = n;
	return 0;
}

/* ---- the program ---------------------------------------------------------------------------------------- */

/* libseccomp writes into descriptors. */
static int export_filter(scmp_filter_ctx ctx, char **ret, size_t *ret_size)
{
	_cleanup_fd_ int fd = memfd_create("seccomp", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), ret, ret_size);
}

static int make_filter(scmp_filter_ctx ctx, const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs,
		       struct seccomp_program *ret, struct err *err)
{
	_cleanup_free_ char *rest = NULL;
	_cleanup_buf_ struct buf code = { 0 };
	size_t size = 0;
	int r = export_filter(ctx, &rest, &size);

	seccomp_numbers_add(s, archs, n_archs, &code);
	if (r == -EFBIG || (r == 0 && code.len + size > BPF_MAXINSNS * sizeof(struct sock_filter)))
		return fail_at(err, -E2BIG, "", "the compiled filter is longer than the kernel takes (%d instructions)",
			       BPF_MAXINSNS);
	if (r < 0) {
		err_set(err, r, "cannot compile the seccomp filter");
		return err_where_seccomp(err, "");
	}
	buf_add(&code, rest, size);
	ret->size = code.len;
	ret->filter = take(code.data);
	return 0;
}

static void release_context(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

/* whole: libseccomp hears of every rule, not only of what the numbers leave open. */
static int compile(const struct oci_seccomp *s, bool whole, struct seccomp_program *ret, struct err *err)
{
	__attribute__((cleanup(release_context))) scmp_filter_ctx ctx = seccomp_init(seccomp_default_action(s));
	uint32_t archs[N_ARCHS];
	size_t n_archs = 0;

	if (!ctx) {
		err_say(err, -EINVAL, "libseccomp refuses the default action %s",
			oci_seccomp_action_words[s->default_action]);
		return err_where_seccomp(err, "/defaultAction");
	}
	/* A binary tree in place of a list. The kernel runs the filter for every number when it is loaded (5.11). */
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		log_debug("seccomp: libseccomp cannot make a tree");
	r = add_archs(ctx, s, archs, &n_archs, err);
	for (size_t i = 0; r == 0 && i < s->n_syscalls; i++)
		r = add_rule(ctx, s, i, whole, err);
	return r < 0 ? r : make_filter(ctx, s, archs, n_archs, ret, err);
}

/* ---- what must still work once the filter is loaded ------------------------------------------------------- */

#if defined(__x86_64__)
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_AUDIT_ARCH seccomp_arch_native() /* the same number but for x32 */
#endif

static bool stops(const struct seccomp_program *p, int nr, bool notify_too)
{
	const struct seccomp_data data = { .nr = nr, .arch = NATIVE_AUDIT_ARCH };
	uint32_t action;

	if (seccomp_eval(p->filter, p->size, &data, &action) < 0)
		return false;
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE: return false;
	case SECCOMP_RET_USER_NOTIF: return notify_too;
	default: return true;
	}
}

/* Only execve follows the filter, and before it sendmsg when there is a listener to hand over. */
static int check_start(const struct seccomp_program *p, struct err *err)
{
	if (p->listener && stops(p, SYS_sendmsg, true))
		return fail_at(err, -EINVAL, "",
			       "the filter stops sendmsg, by which the listener is handed over: allow it");
	if (stops(p, SYS_execve, false))
		return fail_at(err, -EINVAL, "",
			       "the filter stops execve, so that no program could be started: allow it");
	return 0;
}

int seccomp_check_names(const struct oci_seccomp *s, struct err *err)
{
	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t j = 0; j < s->syscalls[i].n_names; j++) {
			if (seccomp_syscall_resolve_name(s->syscalls[i].names[j]) != __NR_SCMP_ERROR)
				continue;
			_cleanup_free_ char *place = mem_printf("/syscalls/%zu/names/%zu", i, j);
			return fail_at(err, -EINVAL, place, "%s is not a system call that libseccomp knows",
				       s->syscalls[i].names[j]);
		}
	return 0;
}

int seccomp_compile(const struct oci_seccomp *s, const char *cache_dir, struct seccomp_program *ret, struct err *err)
{
	struct seccomp_program p = { .listener = has_notify(s) };
	struct seccomp_key key;
	int r = check_profile(s, err);

	if (r == 0)
		r = find_flags(s, p.listener, &p.flags, err);
	if (r < 0)
		return r;
	if (cache_dir) {
		seccomp_cache_key(s, &key);
		if (seccomp_cache_load(cache_dir, &key, &p.filter, &p.size) == 0) {
			*ret = p;
			return 0;
		}
	}
	r = compile(s, false, &p, &(struct err){ 0 });
	/* A part may be refused where the whole is not: a contradiction, say, that another rule makes void. */
	if (r < 0)
		r = compile(s, true, &p, err);
	if (r == 0)
		r = check_start(&p, err);
	if (r < 0) {
		seccomp_program_done(&p);
		return r;
	}
	if (cache_dir) {
		int stored = seccomp_cache_store(cache_dir, &key, p.filter, p.size);

		if (stored < 0)
			log_debug("seccomp: cannot keep the filter in %s: %s", cache_dir, err_reason(stored));
	}
	*ret = p;
	return 0;
}

void seccomp_program_done(struct seccomp_program *p)
{
	if (!p)
		return;
	free(p->filter);
	*p = (struct seccomp_program){ 0 };
}
