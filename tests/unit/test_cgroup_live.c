/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups on this host: making, filling, freezing, killing and removing them. Needs root; skips else. */
#include "unit.h"
#include "cgroup_host.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "cgroup/tree.h"
#include "ocispec.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char group[64]; /* "/husk-test-PID" */

static bool can_make(void)
{
	return geteuid() == 0 && facts.layout != CGROUP_NONE;
}

#define NEED_ROOT() \
	do { \
		if (!can_make()) \
			SKIP("needs root and cgroups"); \
	} while (0)

/* ---- a cgroup with processes -------------------------------------------------------------------------- */

static struct cgroup make(const char *name)
{
	struct cgroup c = { 0 };
	struct err err = { 0 };
	char *path = mem_printf("%s/%s", group, name);

	int r = cgroup_locate(&facts, path, "id", CGROUP_DRIVER_CGROUPFS, &c, &err);
	if (r == 0)
		r = cgroup_create(&c, &err);
	CHECK_SAY(r == 0, "create: %.400s", err.text);
	free(path);
	return c;
}

static pid_t start_in(struct cgroup *c, void (*fn)(void))
{
	struct err err = { 0 };
	int gate[2];
	char b;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &b, 1) < 0)
			_exit(1);
		fn();
		_exit(0);
	}
	close(gate[0]);
	int r = cgroup_attach(c, pid, 0, NULL, &err);
	CHECK_SAY(r == 0, "attach: %.400s", err.text);
	close(gate[1]);
	return pid;
}

static void sleep_forever(void)
{
	for (;;)
		pause();
}

static void fork_ten(void)
{
	for (int i = 0; i < 9; i++)
		if (fork() == 0)
			break;
	sleep_forever();
}

static void ignore_and_fork_ten(void)
{
	signal(SIGTERM, SIG_IGN);
	fork_ten();
}

static void fork_bomb(void)
{
	for (;;)
		if (fork() < 0)
			usleep(100);
}

static void eat_memory(void)
{
	for (;;) {
		char *p = malloc(1 << 20);
		if (p)
			memset(p, 1, 1 << 20);
	}
}

static void wait_count(const struct cgroup *c, size_t want)
{
	for (int i = 0; i < 2000; i++) {
		pid_t *pids = NULL;
		size_t n = 0;
		cgroup_pids(c, &pids, &n, NULL);
		free(pids);
		if (n >= want)
			return;
		usleep(1000);
	}
	CHECK_SAY(false, "never had %zu processes", want);
}

static void finish(struct cgroup *c)
{
	struct err err = { 0 };
	int r = cgroup_kill(c, 10000, &err);

	CHECK_SAY(r == 0, "kill: %.400s", err.text);
	CHECK_INT(cgroup_populated(c), 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	r = cgroup_remove(c, 5000, &err);
	CHECK_SAY(r == 0, "remove: %.400s", err.text);
	CHECK(!cgroup_exists(c));
	for (size_t i = 0; i < c->n_dirs; i++) {
		char *top = mem_printf("%s%s", c->dirs[i].mount, group);
		CHECK_SAY(access(top, F_OK) < 0, "%s is left", top);
		free(top);
	}
	cgroup_done(c);
}

/* ---- the cases ------------------------------------------------------------------------------------------ */

static void test_create_remove(void)
{
	NEED_ROOT();
	struct cgroup c = make("a/b/c");
	CHECK(c.owned);
	CHECK(cgroup_exists(&c));
	CHECK(c.dirs[0].base && strcmp(c.dirs[0].base, group) == 0);
	finish(&c);
}

static void test_record(void)
{
	NEED_ROOT();
	struct cgroup c = make("r/x"), again = { 0 };
	struct err err = { 0 };
	struct husk_cgroup_record *r = cgroup_to_record(&c);
	CHECK_INT(cgroup_from_record(r, &again, &err), 0);
	cgroup_record_free(r);
	CHECK_INT((long long)again.n_dirs, (long long)c.n_dirs);
	cgroup_done(&c);
	finish(&again);
}

static void test_kill(void)
{
	NEED_ROOT();
	struct cgroup c = make("kill");
	start_in(&c, ignore_and_fork_ten);
	wait_count(&c, 10);
	finish(&c);
}

static void test_kill_from_record_without_dirs(void)
{
	NEED_ROOT();
	struct cgroup c = make("gone");
	struct err err = { 0 };
	cgroup_remove(&c, 1000, &err);
	finish(&c);
}

static void test_frozen(void)
{
	NEED_ROOT();
	struct cgroup c = make("frozen");
	struct err err = { 0 };
	start_in(&c, fork_ten);
	wait_count(&c, 10);
	int r = cgroup_freeze(&c, 2000, &err);
	CHECK_SAY(r == 0, "freeze: %.400s", err.text);
	CHECK(cgroup_frozen(&c));
	finish(&c);
}

static void write_to(const char *dir, const char *file, const char *text)
{
	char *path = mem_printf("%s/%s", dir, file);
	FILE *f = fopen(path, "w");
	CHECK_SAY(f && fputs(text, f) >= 0, "write %s", path);
	if (f)
		fclose(f);
	free(path);
}

/* Moved by somebody into a frozen v1 cgroup that is not the container's. */
static void test_moved_and_frozen(void)
{
	NEED_ROOT();
	struct cgroup c = make("moved");
	const struct cgroup_dir *d = cgroup_find_v1(&c, "freezer");
	if (!d) {
		finish(&c);
		SKIP("needs the freezer controller of v1");
	}
	char *foreign = mem_printf("%s%s-foreign", d->mount, group);
	char *pid = mem_printf("%d", (int)start_in(&c, sleep_forever));
	CHECK_SAY(mkdir(foreign, 0755) == 0, "mkdir %s", foreign);
	write_to(foreign, "cgroup.procs", pid);
	write_to(foreign, "freezer.state", "FROZEN");
	finish(&c);
	write_to(foreign, "freezer.state", "THAWED");
	CHECK_SAY(rmdir(foreign) == 0, "rmdir %s", foreign);
	free(foreign);
	free(pid);
}

static void test_nested_frozen(void)
{
	NEED_ROOT();
	/* The inner ones are the container's own: they enable no controllers in it. */
	enum cgroup_layout layout = facts.layout;
	struct cgroup c = make("nest");
	facts.layout = CGROUP_HYBRID;
	struct cgroup in = make("nest/inner/deep");
	facts.layout = layout;
	struct err err = { 0 };
	start_in(&c, fork_ten);
	start_in(&in, fork_ten);
	wait_count(&c, 20);
	CHECK_INT(cgroup_freeze(&in, 2000, &err), 0);
	CHECK(cgroup_frozen(&in));
	CHECK(!cgroup_frozen(&c));
	cgroup_done(&in);
	finish(&c);
}

static void test_refuses_populated(void)
{
	NEED_ROOT();
	struct cgroup c = make("busy"), other = { 0 };
	struct err err = { 0 };
	char *path = mem_printf("%s/busy", group);
	start_in(&c, sleep_forever);
	CHECK_INT(cgroup_locate(&facts, path, "x", CGROUP_DRIVER_CGROUPFS, &other, &err), 0);
	CHECK_INT(cgroup_create(&other, &err), -EBUSY);
	CHECK_SAY(strstr(err.text, "has processes in it"), "%.400s", err.text);
	CHECK(!other.owned);
	CHECK_INT(cgroup_remove(&other, 100, &err), 0);
	CHECK_INT(cgroup_populated(&c), 1);
	cgroup_done(&other);
	free(path);
	finish(&c);
}

static volatile sig_atomic_t got;

static void count_signal(int sig)
{
	(void)sig;
	got++;
}

static int count_fd;

/* Each writes a byte for each USR1 it gets. */
static void report_signals(void)
{
	struct sigaction sa = { .sa_handler = count_signal };
	sigaction(SIGUSR1, &sa, NULL);
	for (int i = 0; i < 19; i++)
		if (fork() == 0)
			break;
	sigset_t none, usr1;
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	for (;;) {
		sigsuspend(&none);
		if (got && write(count_fd, "x", 1) < 0)
			_exit(1);
		got = 0;
	}
}

static void test_signal_once(void)
{
	NEED_ROOT();
	int p[2];
	char buf[256];
	struct err err = { 0 };
	CHECK_INT(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	count_fd = p[1];
	struct cgroup c = make("signal");
	start_in(&c, report_signals);
	wait_count(&c, 20);
	usleep(50000);
	CHECK_INT(cgroup_signal(&c, SIGUSR1, &err), 20);
	usleep(200000);
	CHECK_INT(read(p[0], buf, sizeof(buf)), 20);
	finish(&c);
	close(p[0]);
	close(p[1]);
}

static void test_fork_bomb(void)
{
	NEED_ROOT();
	struct cgroup c = make("bomb");
	struct err err = { 0 };
	if (!cgroup_find_v1(&c, "pids") && !cgroup_list_has(facts.v2_controllers, "pids")) {
		finish(&c);
		SKIP("no pids controller to bound it");
	}
	CHECK_INT(cgroup_write(&c, "pids", "pids.max", "300", 0, &err), 0);
	start_in(&c, fork_bomb);
	wait_count(&c, 250);
	long long t = clock_ms();
	finish(&c);
	CHECK_SAY(clock_ms() - t < 5000, "killing took %lld ms", clock_ms() - t);
}

static void test_many(void)
{
	NEED_ROOT();
	struct cgroup c = make("many");
	for (int i = 0; i < 50; i++)
		start_in(&c, fork_ten);
	wait_count(&c, 500);
	finish(&c);
}

static void test_kill_without_v2(void)
{
	NEED_ROOT();
	if (facts.layout != CGROUP_HYBRID)
		SKIP("needs a hybrid layout");
	struct facts all = facts;
	facts.hierarchies = mem_alloc(all.n_hierarchies * sizeof(*all.hierarchies));
	facts.n_hierarchies = 0;
	for (size_t i = 0; i < all.n_hierarchies; i++)
		if (!all.hierarchies[i].v2)
			facts.hierarchies[facts.n_hierarchies++] = all.hierarchies[i];
	facts.layout = CGROUP_V1;
	struct cgroup c = make("v1");
	struct err err = { 0 };
	CHECK_INT(cgroup_write(&c, "pids", "pids.max", "300", 0, &err), 0);
	start_in(&c, fork_bomb);
	wait_count(&c, 250);
	finish(&c);
	free(facts.hierarchies);
	facts = all;
}

static void test_devices(void)
{
	NEED_ROOT();
	struct oci_config config = { 0 };
	struct cgroup_device_rule *rules = NULL;
	struct err err = { 0 };
	size_t n = 0;
	CHECK_INT(cgroup_device_rules(&config, &rules, &n, &err), 0);
	struct cgroup c = make("devices");
	int r = cgroup_set_devices(&c, rules, n, &err);
	CHECK_SAY(r == 0, "%.400s", err.text);
	r = cgroup_set_devices(&c, rules, n, &err);
	CHECK_SAY(r == 0, "again: %.400s", err.text);
	free(rules);
	finish(&c);
}

static void test_stats(void)
{
	NEED_ROOT();
	struct cgroup c = make("stats");
	struct err err = { 0 };
	char *text = NULL;
	start_in(&c, fork_ten);
	wait_count(&c, 10);
	int r = cgroup_stats_json(&c, &text, &err);
	CHECK_SAY(r == 0, "%.400s", err.text);
	CHECK(text && strncmp(text, "{\"cpu\":{\"usage\":{", 17) == 0);
	CHECK(text && !strstr(text, ",,") && !strstr(text, "{,") && !strstr(text, ",}"));
	if (getenv("HUSK_TEST_SHOW"))
		fprintf(stderr, "%s\n", text);
	free(text);
	finish(&c);
}

static void test_oom(void)
{
	NEED_ROOT();
	struct cgroup c = make("oom");
	struct cgroup_oom o;
	struct err err = { 0 };
	struct pollfd p;
	if (cgroup_oom_open(&c, &o, &err) < 0) {
		finish(&c);
		SKIP("no memory controller");
	}
	bool v1 = cgroup_find_v1(&c, "memory");
	CHECK_INT(cgroup_write(&c, "memory", v1 ? "memory.limit_in_bytes" : "memory.max", "8388608", 0, &err), 0);
	cgroup_write(&c, "memory", v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", v1 ? "8388608" : "0", 1,
		     NULL);
	start_in(&c, eat_memory);
	p = (struct pollfd){ .fd = o.fd, .events = POLLIN };
	int seen = 0;
	for (int i = 0; i < 20 && seen == 0 && poll(&p, 1, 500) >= 0; i++)
		seen = cgroup_oom_read(&o);
	CHECK_SAY(seen > 0, "no word of it: %d", seen);
	cgroup_oom_done(&o);
	finish(&c);
}

int main(void)
{
	snprintf(group, sizeof(group), "/husk-test-%d", (int)getpid());
	probe();
	UNIT(test_create_remove);
	UNIT(test_record);
	UNIT(test_kill);
	UNIT(test_kill_from_record_without_dirs);
	UNIT(test_frozen);
	UNIT(test_moved_and_frozen);
	UNIT(test_nested_frozen);
	UNIT(test_refuses_populated);
	UNIT(test_signal_once);
	UNIT(test_fork_bomb);
	UNIT(test_many);
	UNIT(test_kill_without_v2);
	UNIT(test_devices);
	UNIT(test_stats);
	UNIT(test_oom);
	return unit_done();
}
