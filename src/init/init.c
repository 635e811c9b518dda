/* SPDX-License-Identifier: Apache-2.0 */
/* What all ops share: the plan's data, the descriptors in slots, closing; see init.h. */
#include "init/init.h"

const char *init_strv(const struct init *c, uint64_t offset, uint32_t *ret_n)
{
	const struct plan_strv *v = (const void *)(c->data + offset);

	*ret_n = offset ? v->n : 0;
	return (const char *)(v + 1);
}

const void *init_blob(const struct init *c, uint64_t offset, uint32_t *ret_len)
{
	const struct plan_blob *b = (const void *)(c->data + offset);

	*ret_len = offset ? b->len : 0;
	return offset ? b + 1 : NULL;
}

char **init_vector(struct init *c, uint64_t strv, unsigned extra, uint32_t *ret_n)
{
	const char *s;
	char **v;
	uint32_t n;

	s = init_strv(c, strv, &n);
	if ((size_t)n + extra + 1 <= INIT_VECTORS - c->n_vectors) {
		v = c->vectors + c->n_vectors;
		memset(v, 0, ((size_t)n + extra + 1) * sizeof(*v));
		c->n_vectors += n + extra + 1;
	} else {
		v = (char **)sys(NR_mmap, 0, ((size_t)n + extra + 1) * sizeof(*v), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if ((unsigned long)v > -4096ul)
			return NULL;
	}
	for (uint32_t i = 0; i < n; i++, s = init_next(s))
		v[i] = (char *)s;
	*ret_n = n;
	return v;
}

bool is_refusal(int error)
{
	switch (-error) {
	case EPERM:
	case EACCES:
	case EROFS:
	case EINVAL:
	case ENODEV:
	case ENOSYS:
	case EOPNOTSUPP: return true;
	}
	return false;
}

int init_slot(const struct init *c, uint64_t slot)
{
	return slot < PLAN_SLOTS && c->slots[slot] >= 0 ? c->slots[slot] : -EBADF;
}

/* Descriptors from CLOSE_AT on are closed at once, so that no more than that are ever open. */
#define CLOSE_AT 48

void init_close_all(struct init *c)
{
	while (c->closing) {
		unsigned first = (unsigned)__builtin_ctzll(c->closing), end = first;

		while (end < CLOSE_AT && c->closing >> end & 1)
			c->closing &= ~(1ull << end++);
		if (end - first == 1 || sys(NR_close_range, first, end - 1, 0) < 0)
			for (; first < end; first++)
				sys(NR_close, first);
	}
}

void init_close(struct init *c, int *fd)
{
	if (*fd >= 0 && *fd < CLOSE_AT)
		c->closing |= 1ull << *fd;
	else if (*fd >= 0) {
		sys(NR_close, *fd);
		init_close_all(c);
	}
	*fd = -1;
}

void init_dumpable(bool on)
{
	/* Who could be traced from inside the container must not go on. */
	if (sys(NR_prctl, PR_SET_DUMPABLE, on, 0, 0, 0) < 0 && !on)
		sys_exit(1);
}
