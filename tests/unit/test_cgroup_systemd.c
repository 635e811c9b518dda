/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes of a running user manager (XDG_RUNTIME_DIR/systemd/private); skips where there is none. */
#include "unit.h"
#include "cgroup_host.h"
#include "cgroup/systemd.h"
#include "cgroup/tree.h"
#include "ocispec.h"
#include "util/clock.h"
#include "util/err.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_manager(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char *path = dir ? mem_printf("%s/systemd/private", dir) : NULL;
	bool there = path && access(path, W_OK) == 0;

	free(path);
	return there && facts.layout != CGROUP_NONE;
}

/* The caller's own cgroup in each hierarchy, from /proc/self/cgroup. */
static void read_own(void)
{
	char *text = NULL, *save;

	if (fd_read_file(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL) < 0)
		return;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *list = strchr(l, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		for (size_t i = 0; i < facts.n_hierarchies; i++)
			if (strcmp(facts.hierarchies[i].controllers, list + 1) == 0) {
				free(facts.hierarchies[i].own);
				facts.hierarchies[i].own = mem_strdup(path);
			}
	}
	free(text);
}

static void test_scope(void)
{
	if (!has_manager())
		SKIP("no user manager of systemd");
	struct oci_cpu cpu = { .has_shares = true, .shares = 2048, .has_quota = true, .quota = 50000 };
	struct oci_memory memory = { .has_limit = true, .limit = 64 << 20 };
	struct oci_resources res = { .cpu = &cpu, .memory = &memory };
	struct cgroup c;
	struct err err = { 0 };
	char *path = mem_printf("husk-test.slice:husk:%d", (int)getpid());
	int r = cgroup_locate(&facts, path, "x", CGROUP_DRIVER_SYSTEMD, &c, &err);
	free(path);
	REQUIRE(r == 0);
	r = cgroup_create(&c, &err);
	CHECK_SAY(r == 0, "create: %.400s", err.text);
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	r = cgroup_attach(&c, pid, 0, &res, &err);
	CHECK_SAY(r == 0, "attach: %.400s", err.text);
	CHECK_INT(cgroup_populated(&c), 1);

	/* A second one of that name is refused. */
	struct cgroup other = { 0 };
	struct husk_cgroup_record *record = cgroup_to_record(&c);
	CHECK_INT(cgroup_from_record(record, &other, &err), 0);
	cgroup_record_free(record);
	other.recorded = false;
	CHECK(cgroup_attach(&other, pid, 0, &res, &err) < 0);
	CHECK_SAY(strstr(err.text, "systemd: StartTransientUnit"), "%.400s", err.text);
	cgroup_done(&other);

	memory.limit = 128 << 20;
	facts.rootless = false;
	res.cpu = NULL;
	r = cgroup_update(&c, &facts, &res, &err);
	CHECK_SAY(r == 0, "update: %.400s", err.text);

	/* A manager that does not answer: the deadline holds. */
	const char *manager = getenv("HUSK_TEST_MANAGER_PID");
	if (manager) {
		kill((pid_t)strtol(manager, NULL, 10), SIGSTOP);
		long long t = clock_ms();
		CHECK_INT(systemd_stop_scope(&c, 500, &err), -ETIMEDOUT);
		CHECK_SAY(clock_ms() - t < 1500, "took %lld ms", clock_ms() - t);
		kill((pid_t)strtol(manager, NULL, 10), SIGCONT);
	}
	r = cgroup_kill(&c, 5000, &err);
	CHECK_SAY(r == 0, "kill: %.400s", err.text);
	waitpid(pid, NULL, 0);
	r = cgroup_remove(&c, 5000, &err);
	CHECK_SAY(r == 0, "remove: %.400s", err.text);
	CHECK(!cgroup_exists(&c));
	/* Again: nothing is there, and that is fine. */
	r = cgroup_remove(&c, 5000, &err);
	CHECK_SAY(r == 0, "remove again: %.400s", err.text);
	cgroup_done(&c);
}

int main(void)
{
	probe();
	read_own();
	facts.rootless = true; /* the user's manager */
	UNIT(test_scope);
	return unit_done();
}
