/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes of systemd: starting one with a process in it, changing its limits, stopping and forgetting it. */
#include "systemd.h"
#include "systemd_bus.h"
#include "systemd_resources.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMD_TIMEOUT_MS 20000
#define ERROR_NAME_MAX 256

/* ---- waiting for a job ------------------------------------------------------------------------------ */

struct job {
	const struct sd_bus_functions *f;
	char path[128];       /* of the job that we wait for, once it is known */
	char result[32];      /* "done", "failed", … */
	char removed[8][128]; /* jobs that were gone before we knew ours, with their results */
	char removed_result[8][32];
	size_t n_removed;
};

static int on_job_removed(sd_bus_message *m, void *user, sd_bus_error *error)
{
	struct job *j = user;
	uint32_t id;
	const char *path, *unit, *result;

	(void)error;
	if (j->f->sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (j->path[0]) {
		if (strcmp(j->path, path) == 0)
			snprintf(j->result, sizeof(j->result), "%s", result);
		return 0;
	}
	size_t slot = j->n_removed++ % 8;
	snprintf(j->removed[slot], sizeof(j->removed[slot]), "%s", path);
	snprintf(j->removed_result[slot], sizeof(j->removed_result[slot]), "%s", result);
	return 0;
}

static void set_job(struct job *j, const char *path)
{
	snprintf(j->path, sizeof(j->path), "%s", path);
	for (size_t i = 0; i < j->n_removed && i < 8; i++)
		if (strcmp(j->removed[i], path) == 0)
			snprintf(j->result, sizeof(j->result), "%s", j->removed_result[i]);
}

/* Hear of the end of jobs; must be there before the job is. */
static int watch_jobs(struct systemd_bus *b, struct job *j, struct err *err)
{
	static const char match[] = "type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved',"
				    "path='/org/freedesktop/systemd1'";
	sd_bus_message *m = NULL;

	j->f = b->f;
	int r = b->f->sd_bus_add_match(b->bus, NULL, match, on_job_removed, j);
	if (r < 0)
		return err_set(err, r, "listen for jobs of systemd");
	r = systemd_bus_new_call(b, "Subscribe", &m, err);
	if (r == 0) /* the private socket has all signals without it */
		systemd_bus_call(b, "Subscribe", m, NULL, NULL, NULL);
	return r;
}

static int wait_job(struct systemd_bus *b, struct job *j, const char *what, const char *unit, struct err *err)
{
	while (!j->result[0]) {
		uint64_t left = systemd_bus_left(b);
		if (!left)
			return err_say(err, -ETIMEDOUT,
				       "systemd did not %s unit %s in time; is it stuck? (systemctl list-jobs)", what,
				       unit);
		int r = b->f->sd_bus_process(b->bus, NULL);
		if (r == 0)
			r = b->f->sd_bus_wait(b->bus, left);
		if (r < 0 && r != -EINTR)
			return err_set(err, r, "wait for systemd to %s unit %s", what, unit);
	}
	if (strcmp(j->result, "done") == 0)
		return 0;
	return err_say(err, -EIO, "systemd could not %s unit %s: job result \"%s\"", what, unit, j->result);
}

/* Send a call that makes a job, and wait for it. */
static int call_job(struct systemd_bus *b, struct job *j, const char *method, sd_bus_message *m, const char *what,
		    const char *unit, char *error_name, struct err *err)
{
	sd_bus_message *reply = NULL;
	const char *path;
	int r = systemd_bus_call(b, method, m, error_name, &reply, err);

	if (r < 0)
		return r;
	r = b->f->sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		set_job(j, path);
	b->f->sd_bus_message_unref(reply);
	return r < 0 ? err_set(err, r, "read systemd's answer to %s", method) : wait_job(b, j, what, unit, err);
}

/* ---- starting ------------------------------------------------------------------------------------------ */

static int append_scope(struct systemd_bus *b, sd_bus_message *m, const struct cgroup *c, pid_t pid)
{
	const struct sd_bus_functions *f = b->f;
	_cleanup_free_ char *text = mem_printf("husk container %s", c->unit);
	int r;

	if ((r = f->sd_bus_message_append(m, "(sv)", "Description", "s", text)) < 0 ||
	    (r = f->sd_bus_message_append(m, "(sv)", "Slice", "s", c->slice)) < 0 ||
	    (r = f->sd_bus_message_append(m, "(sv)", "Delegate", "b", 1)) < 0 ||
	    (r = f->sd_bus_message_append(m, "(sv)", "DefaultDependencies", "b", 0)) < 0 ||
	    (r = f->sd_bus_message_append(m, "(sv)", "CollectMode", "s", "inactive-or-failed")) < 0)
		return r;
	return f->sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)pid);
}

static int build_start(struct systemd_bus *b, const struct cgroup *c, pid_t pid, const struct oci_resources *res,
		       const struct systemd_properties *p, sd_bus_message **ret, struct err *err)
{
	sd_bus_message *m = NULL;
	int r = systemd_bus_new_call(b, "StartTransientUnit", &m, err);

	if (r < 0)
		return r;
	if ((r = b->f->sd_bus_message_append(m, "ss", c->unit, "fail")) < 0 ||
	    (r = b->f->sd_bus_message_open_container(m, 'a', "(sv)")) < 0 || (r = append_scope(b, m, c, pid)) < 0 ||
	    (c->properties && (r = systemd_properties_append(b, m, c->properties)) < 0) ||
	    (r = systemd_properties_append(b, m, p)) < 0 ||
	    (!c->user_manager && (r = systemd_devices_append(b, m, res)) < 0) ||
	    (r = b->f->sd_bus_message_close_container(m)) < 0 ||
	    (r = b->f->sd_bus_message_append(m, "a(sa(sv))", 0)) < 0) {
		b->f->sd_bus_message_unref(m);
		return err_set(err, r, "prepare the unit %s", c->unit);
	}
	*ret = m;
	return 0;
}

/* A method whose only argument is the unit. */
static int call_unit(struct systemd_bus *b, const char *method, const char *unit, char *error_name, struct err *err)
{
	sd_bus_message *m = NULL;
	int r = systemd_bus_new_call(b, method, &m, err);

	if (r < 0)
		return r;
	b->f->sd_bus_message_append(m, "s", unit);
	return systemd_bus_call(b, method, m, error_name, NULL, err);
}

static int start(struct systemd_bus *b, const struct cgroup *c, pid_t pid, const struct oci_resources *res,
		 const struct systemd_properties *p, struct err *err)
{
	char error_name[ERROR_NAME_MAX] = "";
	struct job j = { 0 };
	sd_bus_message *m = NULL;
	int r = watch_jobs(b, &j, err);

	for (int tries = 0; r == 0; tries++) {
		r = build_start(b, c, pid, res, p, &m, err);
		if (r < 0)
			return r;
		r = call_job(b, &j, "StartTransientUnit", m, "start", c->unit, error_name, err);
		/* Left over by a container that failed. One that is active stays: it is someone else's. */
		if (r == 0 || tries > 0 || strcmp(error_name, "org.freedesktop.systemd1.UnitExists") != 0)
			return r;
		r = call_unit(b, "ResetFailedUnit", c->unit, NULL, err);
	}
	return r;
}

/* Is the process where we think that systemd puts it? */
static int check_place(const struct cgroup *c, pid_t pid, struct err *err)
{
	char path[64];
	_cleanup_free_ char *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (fd_read_file(AT_FDCWD, path, CGROUP_FILE_MAX, &text, NULL) < 0)
		return 0;
	const struct cgroup_dir *d = cgroup_find_v1(c, "name=systemd");
	const char *key = d ? ":name=systemd:" : "0::";
	d = d ? d : cgroup_find_v2(c);
	char *at = d ? strstr(text, key) : NULL;
	if (!at)
		return 0;
	at += strlen(key);
	at[strcspn(at, "\n")] = '\0';
	_cleanup_free_ char *scope =
		mem_printf("%.*s", (int)(strlen(d->path) - (c->subgroup ? strlen(c->subgroup) + 1 : 0)), d->path);
	size_t n = strlen(at), m = strlen(scope);
	if (n >= m && strcmp(at + n - m, scope) == 0)
		return 0;
	return err_say(err, -EXDEV,
		       "systemd put unit %s into cgroup %s, not into %s; is the manager that of another user?", c->unit,
		       at, scope);
}

void cgroup_add_property(struct cgroup *c, const char *name, const char *type, const char *const *words, size_t n)
{
	if (!c->properties)
		c->properties = mem_alloc(sizeof(*c->properties));
	systemd_properties_add_words(c->properties, name, type, words, n);
}

int systemd_start_scope(const struct cgroup *c, pid_t pid, const struct oci_resources *res, struct err *err)
{
	struct systemd_bus b;
	struct systemd_properties p;
	int r = systemd_properties_from(res, c->layout == CGROUP_V2, true, &p, err);

	if (r < 0)
		return r;
	r = systemd_bus_open(c->user_manager, SYSTEMD_TIMEOUT_MS, &b, err);
	if (r == 0) {
		r = start(&b, c, pid, res, &p, err);
		systemd_bus_close(&b);
	}
	systemd_properties_done(&p);
	return r < 0 ? r : check_place(c, pid, err);
}

/* ---- changing -------------------------------------------------------------------------------------------- */

int systemd_set_properties(const struct cgroup *c, const struct oci_resources *res, struct err *err)
{
	struct systemd_bus b;
	struct systemd_properties p;
	sd_bus_message *m = NULL;
	int r = systemd_properties_from(res, c->layout == CGROUP_V2, false, &p, err);

	if (r < 0 || p.n == 0)
		return r;
	r = systemd_bus_open(c->user_manager, SYSTEMD_TIMEOUT_MS, &b, err);
	if (r < 0) {
		systemd_properties_done(&p);
		return r;
	}
	r = systemd_bus_new_call(&b, "SetUnitProperties", &m, err);
	if (r == 0) {
		if ((r = b.f->sd_bus_message_append(m, "sb", c->unit, 1)) < 0 ||
		    (r = b.f->sd_bus_message_open_container(m, 'a', "(sv)")) < 0 ||
		    (r = systemd_properties_append(&b, m, &p)) < 0 ||
		    (r = b.f->sd_bus_message_close_container(m)) < 0) {
			b.f->sd_bus_message_unref(m);
			err_set(err, r, "prepare the properties of unit %s", c->unit);
		} else {
			r = systemd_bus_call(&b, "SetUnitProperties", m, NULL, NULL, err);
		}
	}
	systemd_bus_close(&b);
	systemd_properties_done(&p);
	return r;
}

/* ---- stopping ---------------------------------------------------------------------------------------------- */

static int stop(struct systemd_bus *b, const char *unit, struct err *err)
{
	char error_name[ERROR_NAME_MAX] = "";
	struct job j = { 0 };
	struct err e = { 0 }; /* the caller's stays untouched when there is nothing to stop */
	sd_bus_message *m = NULL;
	int r = watch_jobs(b, &j, err);

	if (r == 0)
		r = systemd_bus_new_call(b, "StopUnit", &m, err);
	if (r < 0)
		return r;
	b->f->sd_bus_message_append(m, "ss", unit, "replace");
	r = call_job(b, &j, "StopUnit", m, "stop", unit, error_name, &e);
	if (r < 0 && strcmp(error_name, "org.freedesktop.systemd1.NoSuchUnit") == 0)
		return 0;
	if (r < 0 && err)
		*err = e;
	/* One that failed stays known until it is told to be forgotten. */
	call_unit(b, "ResetFailedUnit", unit, NULL, NULL);
	return r;
}

int systemd_stop_scope(const struct cgroup *c, int timeout_ms, struct err *err)
{
	struct systemd_bus b;
	struct err e = { 0 };
	int r = systemd_bus_open(c->user_manager, timeout_ms, &b, &e);

	/* A manager that is gone took the unit with it. */
	if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOMEDIUM) {
		log_warning("unit %s may be left: %s", c->unit, e.text);
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = e;
		return r;
	}
	r = stop(&b, c->unit, err);
	systemd_bus_close(&b);
	return r;
}
