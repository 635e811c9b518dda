/* SPDX-License-Identifier: Apache-2.0 */
/* `husk explain`: print the plan of a bundle; nothing of it is done. */
#include "launch.h"
#include "plan/plan_build.h"
#include "plan/plan_print.h"
#include "plan/plan_view.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cmd_explain(const struct global *g, const struct options *o);

struct explain {
	struct launch l;
	struct exec_request exec;
	char *text; /* of the process */
	struct oci_arena *arena;
	const struct oci_process *process;
};

static int read_process(struct explain *x, const char *path, struct err *err)
{
	const struct oci_read_options options = { .name = path };
	struct oci_errors errors = { 0 };
	size_t len = 0;

	int r = fd_read_file(AT_FDCWD, path, OCI_DOCUMENT_MAX, &x->text, &len);
	if (r < 0)
		return err_set(err, r, "read the process %s", path);
	r = oci_process_read(x->text, len, &options, &x->arena, &x->process, &errors);
	if (r < 0)
		err_say(err, r, "%s", errors.text ? errors.text : path);
	oci_errors_done(&errors);
	return r;
}

/* The namespaces in which a container of this configuration differs from its caller. */
static void guess_namespaces(struct explain *x)
{
	static const uint64_t flags[oci_namespace_type_MAX] = {
		[OCI_NS_PID] = CLONE_NEWPID,       [OCI_NS_NETWORK] = CLONE_NEWNET, [OCI_NS_MOUNT] = CLONE_NEWNS,
		[OCI_NS_IPC] = CLONE_NEWIPC,       [OCI_NS_UTS] = CLONE_NEWUTS,     [OCI_NS_USER] = CLONE_NEWUSER,
		[OCI_NS_CGROUP] = CLONE_NEWCGROUP, [OCI_NS_TIME] = CLONE_NEWTIME,
	};
	const struct oci_linux *l = x->l.config->linux_;

	for (size_t i = 0; l && i < l->n_namespaces; i++)
		x->exec.nstypes |= flags[l->namespaces[i].type];
	x->exec.user_ns = x->exec.nstypes & CLONE_NEWUSER;
	x->exec.init_pid = 1;
	x->l.request.exec = &x->exec;
}

/* The id is in no plan but in names: the bundle's name will do. */
static void fill_request(struct explain *x, const struct options *o)
{
	struct request *request = &x->l.request;

	request->bundle = o->n_args ? o->args[0] : NULL;
	request->no_pivot = option_flag(o, "no-pivot");
	request->no_new_keyring = option_flag(o, "no-new-keyring");
	request->run = option_flag(o, "run");
}

static int find_facts(struct explain *x, const struct options *o, struct err *err)
{
	const char *path = option_string(o, "facts");

	return path ? facts_read(path, &x->l.facts, err) : host_probe(x->l.config, &x->l.request, &x->l.facts, err);
}

static int build(struct explain *x, struct plan *p, struct err *err)
{
	struct launch *l = &x->l;

	if (x->process)
		return plan_build_exec(p, l->config, x->process, &l->facts, &l->request, err);
	return plan_build(p, l->config, &l->facts, &l->request, err);
}

static int print(struct explain *x, const char *format, struct err *err)
{
	struct plan_view view;
	struct plan p;

	plan_init(&p);
	int r = build(x, &p, err);
	for (size_t i = 0; i < p.n_warnings; i++)
		log_warning("%s", p.warnings[i]);
	if (r == 0)
		r = launch_seal(&x->l, &p, err);
	plan_done(&p);
	if (r < 0)
		return r;
	plan_view_init(&view, x->l.block);
	if (strcmp(format, "json") == 0)
		plan_print_json(&view, stdout);
	else
		plan_print_text(&view, stdout);
	return fflush(stdout) == 0 ? 0 : err_set(err, -errno, "write the plan");
}

static int explain(struct explain *x, const struct options *o, struct err *err)
{
	const char *format = option_string(o, "format"), *process = option_string(o, "exec");

	if (!format)
		format = "text";
	if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		return err_say(err, -EINVAL, "--format %s: there are text and json", format);
	fill_request(x, o);
	int r = launch_config(&x->l, err);
	if (r < 0)
		return r;
	x->l.request.id = path_base(x->l.request.bundle);
	if (process) {
		r = read_process(x, process, err);
		guess_namespaces(x);
	}
	if (r == 0)
		r = find_facts(x, o, err);
	const struct oci_linux *l = x->l.config->linux_;
	if (r == 0) /* no cache: nothing is written */
		r = l && l->seccomp ? seccomp_compile(l->seccomp, NULL, &x->l.seccomp, err) : 0;
	if (r < 0)
		return r;
	if (l && l->seccomp)
		x->l.request.seccomp = &x->l.seccomp;
	return print(x, format, err);
}

int cmd_explain(const struct global *g, const struct options *o)
{
	struct explain x = { 0 };
	struct err err = { 0 };

	launch_init(&x.l, g);
	int r = explain(&x, o, &err);
	launch_done(&x.l);
	free(x.text);
	oci_arena_free(x.arena);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
