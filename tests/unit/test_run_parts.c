/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the host side that need no container: hooks, ids of exec, resctrl groups in a directory. */
#include "cmd/exec_process.h"
#include "run/hook.h"
#include "run/rdt.h"
#include "unit.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int run_shell(const char *script, unsigned timeout, struct err *err)
{
	const char *argv[] = { "sh", "-c", script, NULL }, *envp[] = { "ONLY=1", NULL };
	struct hook h = { .stage = "prestart",
			  .path = "/bin/sh",
			  .argv = argv,
			  .envp = envp,
			  .timeout = timeout,
			  .state = "{\"id\":\"x\"}" };

	return hook_run(&h, err);
}

static void test_hook(void)
{
	struct err err = { 0 };
	time_t start = time(NULL);

	CHECK(run_shell("test \"$(cat)\" = '{\"id\":\"x\"}'", 0, &err) == 0);
	CHECK(run_shell("test -z \"$HOME\" && test \"$ONLY\" = 1", 0, &err) == 0);
	CHECK(run_shell("echo sad >&2; exit 3", 0, &err) < 0);
	CHECK(strstr(err.text, "exit status 3: sad"));
	CHECK(run_shell("kill -9 $$", 0, &err) < 0);
	CHECK(strstr(err.text, "killed by signal 9"));
	CHECK(run_shell("sleep 20", 1, &err) == -ETIMEDOUT);
	/* What stays in the background and keeps the output open is not waited for. */
	CHECK(run_shell("sleep 3 & exit 0", 0, &err) == 0);
	CHECK(time(NULL) - start < 15);
	struct hook missing = { .stage = "poststop", .path = "/nonexistent/hook", .state = "{}" };
	CHECK(hook_run(&missing, &err) == -ENOENT);
}

static void test_user(void)
{
	static const char *const bad[] = { "",
					   "1:",
					   ":2",
					   "-1",
					   "+1",
					   "1x",
					   " 1",
					   "4294967295",
					   "4294967296",
					   "1:4294967295",
					   "1:2:3",
					   "root",
					   "99999999999999999999" };
	uint32_t uid = 0, gid = 0;
	bool has_gid = false;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(exec_process_parse_user(bad[i], &uid, &gid, &has_gid, NULL) < 0);
	CHECK(exec_process_parse_user("4294967294:7", &uid, &gid, &has_gid, NULL) == 0);
	CHECK(uid == 4294967294u && gid == 7 && has_gid);
	CHECK(exec_process_parse_user("5", &uid, &gid, &has_gid, NULL) == 0);
	CHECK(uid == 5 && !has_gid);
}

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_free_ char *path = mem_printf("%s/%s", dir, name);
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
}

static void test_rdt(void)
{
	char root[] = "/tmp/husk-rdt-XXXXXX";
	const char *lines[] = { "L3:0=f;1=0f" };
	struct err err = { 0 };

	CHECK(mkdtemp(root) != NULL);
	_cleanup_free_ char *group = mem_printf("%s/gold", root);
	struct rdt_request r = { .root = root, .id = "c1", .clos_id = "gold", .pid = 42 };
	CHECK(rdt_apply(&r, &err) == -ENOTSUP);
	put(root, "schemata", "");
	CHECK(rdt_apply(&r, &err) == -ENOENT); /* closID alone: the group must be there */
	CHECK(mkdir(group, 0700) == 0);
	put(group, "schemata", "    MB:0=100\n    L3:0=0f;1=f\n");
	put(group, "tasks", "");
	CHECK(rdt_apply(&r, &err) == 0);
	r.schemata = lines;
	r.n_schemata = r.n_compared = 1;
	r.create = true;
	CHECK(rdt_apply(&r, &err) == 0); /* the same, written otherwise */
	lines[0] = "L3:0=7;1=f";
	CHECK(rdt_apply(&r, &err) == -EEXIST);
	r.n_compared = 0; /* of the property schemata: written, whatever is there */
	CHECK(rdt_apply(&r, &err) == 0);
	_cleanup_free_ char *schemata = mem_printf("%s/schemata", group);
	_cleanup_free_ char *text = NULL;
	CHECK(fd_read_file(AT_FDCWD, schemata, 100, &text, NULL) >= 0);
	CHECK(text && strncmp(text, "L3:0=7;1=f\n", 11) == 0);
	CHECK(rdt_removable_path(&r) == NULL);
	r.clos_id = NULL;
	_cleanup_free_ char *own = rdt_removable_path(&r);
	CHECK(own && strcmp(path_base(own), "c1") == 0);
	r.id = "gold"; /* there already: somebody else's, and only the monitoring group in it would be the container's */
	CHECK(rdt_removable_path(&r) == NULL);
	r.monitoring = true;
	_cleanup_free_ char *mon = rdt_removable_path(&r);
	CHECK(mon && strcmp(mon + strlen(root), "/gold/mon_groups/gold") == 0);
	_cleanup_free_ char *command = mem_printf("%s/tasks", group);
	unlink(command);
	unlink(schemata);
	rmdir(group);
	_cleanup_free_ char *top = mem_printf("%s/schemata", root);
	unlink(top);
	CHECK(rmdir(root) == 0);
}

int main(void)
{
	UNIT(test_hook);
	UNIT(test_user);
	UNIT(test_rdt);
	return unit_done();
}
