/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled filters in files; see seccomp_cache.h. */
#include "seccomp_cache.h"

#include "ocispec.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/version.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_MAGIC "huskbpf\3" /* the last byte counts what compiles to something else */

struct header {
	char magic[8];
	struct seccomp_key key;
	uint64_t size, sum; /* of the filter that follows */
};

/* ---- the key ------------------------------------------------------------------------------------ */

static void add_number(struct buf *b, uint64_t n)
{
	buf_add(b, &n, sizeof(n));
}

/* With its NUL, so that the ends are told apart. */
static void add_string(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s) + 1);
}

static void add_rule(struct buf *b, const struct oci_seccomp_syscall *rule)
{
	add_number(b, rule->action);
	add_number(b, rule->has_errno_ret ? rule->errno_ret + 1ull : 0);
	add_number(b, rule->n_names);
	for (size_t i = 0; i < rule->n_names; i++)
		add_string(b, rule->names[i]);
	add_number(b, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct oci_seccomp_arg *arg = &rule->args[i];

		add_number(b, arg->index);
		add_number(b, arg->op);
		add_number(b, arg->value);
		add_number(b, arg->value_two);
	}
}

void seccomp_cache_key(const struct oci_seccomp *s, struct seccomp_key *ret)
{
	const struct scmp_version *version = seccomp_version();
	_cleanup_buf_ struct buf b = { 0 };

	buf_add(&b, CACHE_MAGIC, sizeof(CACHE_MAGIC));
	add_string(&b, husk_version);
	add_string(&b, husk_commit);
	add_number(&b, version->major);
	add_number(&b, version->minor);
	add_number(&b, version->micro);
	add_number(&b, seccomp_arch_native());
	add_number(&b, s->default_action);
	add_number(&b, s->has_default_errno_ret ? s->default_errno_ret + 1ull : 0);
	add_number(&b, s->n_architectures);
	for (size_t i = 0; i < s->n_architectures; i++)
		add_number(&b, s->architectures[i]);
	add_number(&b, s->listener_path != NULL); /* the path itself is not in the filter */
	add_number(&b, s->n_syscalls);
	for (size_t i = 0; i < s->n_syscalls; i++)
		add_rule(&b, &s->syscalls[i]);
	sha256(b.data, b.len, ret->hash);
}

static void name_file(const struct seccomp_key *key, char ret[2 * SHA256_SIZE + 1])
{
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", key->hash[i]);
}

/* Against accidents (a bad disk, a full one), not against attackers: they cannot write the file. FNV-1a by words. */
static uint64_t check_sum(const void *data, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, (const char *)data + i, sizeof(word));
		sum = (sum ^ word) * 0x100000001b3u;
		sum ^= sum >> 29;
	}
	return sum;
}

/* ---- reading -------------------------------------------------------------------------------------- */

static bool file_is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_believable(const struct header *h, const struct seccomp_key *key, size_t len)
{
	size_t size = len - sizeof(*h);

	return !memcmp(h->magic, CACHE_MAGIC, sizeof(h->magic)) && !memcmp(&h->key, key, sizeof(*key)) &&
	       h->size == size && size % sizeof(struct sock_filter) == 0 && size && h->sum == check_sum(h + 1, size);
}

int seccomp_cache_load(const char *dir, const struct seccomp_key *key, void **ret, size_t *ret_size)
{
	const size_t max = sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter);
	char name[2 * SHA256_SIZE + 1];
	struct stat st;

	name_file(key, name);
	_cleanup_free_ char *path = mem_printf("%s/%s", dir, name);
	/* O_NONBLOCK: a FIFO in its place is a miss, not a wait. */
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !file_is_ours(&st))
		return -ENOENT;
	if (st.st_size <= (off_t)sizeof(struct header) || st.st_size > (off_t)max)
		return -ENOENT;
	size_t len = (size_t)st.st_size;
	_cleanup_free_ struct header *h = mem_alloc(len);
	if (pread(fd, h, len, 0) != st.st_size || !is_believable(h, key, len))
		return -ENOENT;
	*ret_size = len - sizeof(*h);
	*ret = memcpy(mem_alloc(*ret_size), h + 1, *ret_size);
	return 0;
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static int make_dirs(const char *path)
{
	_cleanup_free_ char *copy = mem_strdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_dir(const char *path)
{
	struct stat st;
	int r = make_dirs(path);

	if (r < 0)
		return r;
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return file_is_ours(&st) ? fd_take(fd) : -EPERM;
}

/* Remove the oldest file when there are more than SECCOMP_CACHE_MAX: temporary files of killed commands too. */
static void prune(int dir_fd)
{
	char oldest[256] = "";
	struct timespec oldest_time = { 0 };
	size_t n = 0;
	int fd = fd_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		fd_close(fd);
		return;
	}
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		struct stat st;

		if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (!n++ || st.st_mtim.tv_sec < oldest_time.tv_sec ||
		    (st.st_mtim.tv_sec == oldest_time.tv_sec && st.st_mtim.tv_nsec < oldest_time.tv_nsec)) {
			oldest_time = st.st_mtim;
			snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
		}
	}
	closedir(d);
	if (n > SECCOMP_CACHE_MAX)
		unlinkat(dir_fd, oldest, 0);
}

int seccomp_cache_store(const char *dir, const struct seccomp_key *key, const void *filter, size_t size)
{
	struct header h = { .key = *key, .size = size, .sum = check_sum(filter, size) };
	char name[2 * SHA256_SIZE + 1];
	_cleanup_buf_ struct buf b = { 0 };
	_cleanup_fd_ int dir_fd = open_dir(dir);

	if (dir_fd < 0)
		return dir_fd;
	memcpy(h.magic, CACHE_MAGIC, sizeof(h.magic));
	buf_add(&b, &h, sizeof(h));
	buf_add(&b, filter, size);
	name_file(key, name);
	int r = fd_replace_file(dir_fd, name, b.data, b.len, 0600);
	if (r == 0)
		prune(dir_fd);
	return r;
}
