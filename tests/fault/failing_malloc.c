/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator that fails once, to be loaded before libc's (LD_PRELOAD): the HUSK_TEST_MALLOC_FAIL-th request of the process
 * gets no memory, all others do. HUSK_TEST_MALLOC_COUNT names a file that gets the number of requests at the end.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static unsigned long count, fail_at;
static pid_t process;

/* A child has requests of its own, which are not this test's. */
static int fails(void)
{
	if (process && getpid() == process && ++count == fail_at) {
		errno = ENOMEM;
		return 1;
	}
	return 0;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

static __attribute__((constructor)) void begin(void)
{
	const char *at = getenv("HUSK_TEST_MALLOC_FAIL");

	fail_at = at ? strtoul(at, NULL, 10) : 0;
	process = getpid();
	unsetenv("LD_PRELOAD");
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("HUSK_TEST_MALLOC_COUNT");
	unsigned long n = count;
	FILE *out = path && getpid() == process ? fopen(path, "we") : NULL;

	if (out) {
		fprintf(out, "%lu\n", n);
		fclose(out);
	}
}
