/* SPDX-License-Identifier: Apache-2.0 */
/* `husk check`: what is wrong with a bundle, all of it, without running it. One line a finding, on standard output. */
#include "cmd.h"
#include "ocispec.h"
#include "plan/plan_build.h"
#include "seccomp/seccomp.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cmd_check(const struct global *g, const struct options *o);

struct check {
	char *bundle, *path; /* absolute */
	char *text;
	size_t len;
	struct oci_arena *arena;
	const struct oci_config *config;
	struct facts facts;
	unsigned n_errors;
};

static void on_unknown(void *user, const char *pointer, unsigned line, unsigned column, const char *name,
		       const char *did_you_mean)
{
	(void)user;
	(void)name;
	printf("config.json:%u:%u: %s: unknown property, ignored", line, column, pointer);
	printf(did_you_mean ? "; did you mean \"%s\"?\n" : "\n", did_you_mean);
}

/* A finding with its place in the document. */
static void found(struct check *c, const char *pointer, const char *text)
{
	unsigned line, column;

	if (pointer[0] && oci_locate(c->text, c->len, pointer, &line, &column) == 0)
		printf("config.json:%u:%u: %s: %s\n", line, column, pointer, text);
	else if (pointer[0])
		printf("config.json: %s: %s\n", pointer, text);
	else
		printf("%s\n", text);
	c->n_errors++;
}

static int read_config(struct check *c, struct err *err)
{
	const struct oci_read_options options = { .name = "config.json", .unknown = on_unknown };
	struct oci_errors errors = { 0 };
	int r = fd_read_file(AT_FDCWD, c->path, OCI_DOCUMENT_MAX, &c->text, &c->len);

	if (r < 0)
		return err_set(err, r, "read %s", c->path);
	if (oci_config_read(c->text, c->len, &options, &c->arena, &c->config, &errors) < 0) {
		printf("%s\n", errors.text ? errors.text : "config.json: not valid");
		c->n_errors += errors.n ? (unsigned)errors.n : 1;
	}
	oci_errors_done(&errors);
	return 0;
}

static bool is_bind(const struct oci_mount *m)
{
	if (m->type && strcmp(m->type, "bind") == 0)
		return true;
	for (size_t i = 0; i < m->n_options; i++)
		if (strcmp(m->options[i], "bind") == 0 || strcmp(m->options[i], "rbind") == 0)
			return true;
	return false;
}

static void check_sources(struct check *c)
{
	for (size_t i = 0; i < c->config->n_mounts; i++) {
		const struct oci_mount *m = &c->config->mounts[i];
		if (!is_bind(m) || !m->source)
			continue;
		_cleanup_free_ char *path = path_join(c->bundle, m->source);
		if (access(path, F_OK) == 0)
			continue;
		_cleanup_free_ char *pointer = mem_printf("/mounts/%zu/source", i);
		_cleanup_free_ char *text = mem_printf("bind source %s: %s", path, err_reason(errno));
		found(c, pointer, text);
	}
}

static void check_rootfs(struct check *c)
{
	const struct oci_root *root = c->config->root;

	if (!root || !root->path || c->facts.rootfs_is_dir)
		return;
	_cleanup_free_ char *path = path_join(c->bundle, root->path);
	_cleanup_free_ char *text = mem_printf("%s is not a directory", path);
	found(c, "/root/path", text);
}

static void check_seccomp(struct check *c, struct seccomp_program *ret)
{
	const struct oci_linux *l = c->config->linux_;
	struct err err = { 0 };

	if (l && l->seccomp && seccomp_compile(l->seccomp, NULL, ret, &err) < 0)
		found(c, err.where[0] ? err.where : "/linux/seccomp", err.text);
}

/* The plan says what else cannot be carried out here: kernel features, controllers. */
static void check_plan(struct check *c, struct request *request)
{
	struct seccomp_program seccomp = { 0 };
	struct err err = { 0 };
	struct plan plan;

	check_seccomp(c, &seccomp);
	request->seccomp = seccomp.filter ? &seccomp : NULL;
	plan_init(&plan);
	if (plan_build(&plan, c->config, &c->facts, request, &err) < 0)
		found(c, err.where, err.text);
	plan_done(&plan);
	seccomp_program_done(&seccomp);
}

static int check_bundle(struct check *c, const struct global *g, struct err *err)
{
	int r = read_config(c, err);

	if (r < 0 || !c->config)
		return r;
	struct request request = {
		.id = path_base(c->bundle), .bundle = c->bundle, .root = g->root, .driver = g->driver
	};
	r = host_probe(c->config, &request, &c->facts, err);
	if (r < 0)
		return r;
	check_rootfs(c);
	check_sources(c);
	check_plan(c, &request);
	return 0;
}

int cmd_check(const struct global *g, const struct options *o)
{
	const char *name = option_string(o, "config");
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	_cleanup_free_ char *joined = path_join(cwd ? cwd : "/", o->n_args ? o->args[0] : ".");
	struct check c = { .bundle = path_clean(joined) };
	struct err err = { 0 };

	c.path = path_join(c.bundle, name ? name : "config.json");
	int r = check_bundle(&c, g, &err);
	if (r == 0 && c.n_errors)
		r = err_say(&err, -EINVAL, "check: %u errors in %s", c.n_errors, c.path);
	else if (r == 0)
		printf("%s: good\n", c.path);
	facts_done(&c.facts);
	oci_arena_free(c.arena);
	free(c.text);
	free(c.path);
	free(c.bundle);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
