/* SPDX-License-Identifier: Apache-2.0 */
/* Host ops of the record and the pid file. */
#include "run_ops.h"

#include "run_record.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/kernel.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int run_namespace_inode(pid_t pid, enum oci_namespace_type type, uint64_t *ret)
{
	return process_namespace(pid, host_namespace_names[type], ret);
}

uint64_t run_namespaces_of(pid_t pid)
{
	static const uint64_t flags[oci_namespace_type_MAX] = {
		[OCI_NS_PID] = CLONE_NEWPID,       [OCI_NS_NETWORK] = CLONE_NEWNET, [OCI_NS_MOUNT] = CLONE_NEWNS,
		[OCI_NS_IPC] = CLONE_NEWIPC,       [OCI_NS_UTS] = CLONE_NEWUTS,     [OCI_NS_USER] = CLONE_NEWUSER,
		[OCI_NS_CGROUP] = CLONE_NEWCGROUP, [OCI_NS_TIME] = CLONE_NEWTIME,
	};
	uint64_t found = 0, own = 0, its = 0;

	for (unsigned type = 0; type < oci_namespace_type_MAX; type++)
		if (run_namespace_inode(0, type, &own) == 0 && run_namespace_inode(pid, type, &its) == 0 && own != its)
			found |= flags[type];
	return found;
}

/* What is not listed is the host's. */
static bool is_listed(const struct oci_config *c, enum oci_namespace_type type)
{
	for (size_t i = 0; c->linux_ && i < c->linux_->n_namespaces; i++)
		if (c->linux_->namespaces[i].type == type)
			return true;
	return false;
}

/* Is it made for this container (listed without a path)? */
static bool is_own(const struct oci_config *c, enum oci_namespace_type type)
{
	for (size_t i = 0; c->linux_ && i < c->linux_->n_namespaces; i++) {
		const struct oci_namespace *ns = &c->linux_->namespaces[i];

		if (ns->type == type && (!ns->path || !ns->path[0]))
			return true;
	}
	return false;
}

static uint64_t mount_namespace_id(const struct run *r)
{
	uint64_t told = r->namespaces[oci_namespace_type_MAX];

	return told ? told : process_mount_namespace_id(r->init_pid);
}

static void add_namespaces(struct run *r, bool own)
{
	struct husk_record *record = r->record;

	for (unsigned type = 0; type < oci_namespace_type_MAX; type++) {
		uint64_t inode, host;

		/* Who is in a container without a cgroup is told by these (container_members.c). */
		if (type != OCI_NS_PID && type != OCI_NS_MOUNT)
			continue;
		if (!is_listed(r->config, type) || is_own(r->config, type) != own)
			continue;
		inode = r->namespaces[type];
		if (!inode && run_namespace_inode(r->init_pid, type, &inode) < 0)
			continue;
		/* One that is joined may turn out to be the host's. */
		if (!own && run_namespace_inode(0, type, &host) == 0 && host == inode)
			continue;
		record->namespaces[record->n_namespaces++] =
			mem_printf("%s:%llu:%llu", oci_namespace_type_words[type], (unsigned long long)inode,
				   (unsigned long long)(type == OCI_NS_MOUNT ? mount_namespace_id(r) : 0));
	}
}

static void forget_namespaces(struct husk_record *record)
{
	for (size_t i = 0; i < record->n_namespaces; i++)
		free(record->namespaces[i]);
	free(record->namespaces);
	record->namespaces = NULL;
	record->n_namespaces = 0;
}

void run_record_process(struct run *r)
{
	struct husk_record *record = r->record;

	record->pid = r->init_pid;
	record->has_pid = true;
	record->has_pid_start_time = process_start_time(r->init_pid, &record->pid_start_time) == 0;
	record->boot_id = (char *)process_boot_id();
	r->process_recorded = strcmp(record->status, oci_status_words[OCI_STATUS_CREATING]) != 0;
	if (r->keeper_pid > 0) {
		record->keeper_pid = r->keeper_pid;
		record->has_keeper_pid = true;
		record->has_keeper_start_time = process_start_time(r->keeper_pid, &record->keeper_start_time) == 0;
	}
	forget_namespaces(record);
	if (!r->cgroup || r->cgroup->n_dirs == 0) {
		record->namespaces = mem_alloc(oci_namespace_type_MAX * sizeof(char *));
		add_namespaces(r, true);
		add_namespaces(r, false);
	}
	record->own_pid_namespace = is_own(r->config, OCI_NS_PID);
	record->has_own_pid_namespace = true;
}

int run_record_write(struct run *r, struct err *err)
{
	if (r->cgroup) {
		cgroup_record_free(r->record->cgroup);
		r->record->cgroup = cgroup_to_record(r->cgroup);
	}
	return state_write(r->dir, r->record, err);
}

void run_record_done(struct husk_record *record)
{
	forget_namespaces(record);
	cgroup_record_free(record->cgroup);
	record->cgroup = NULL;
}

int run_op_RECORD(struct run *r, const struct op *op, struct err *err)
{
	const char *status = plan_view_str(&r->plan, op->u.RECORD.status);

	r->record->status = (char *)status;
	/* Once: neither the process nor its namespaces change after the first time that it has all of them. */
	if (r->init_pid > 0 && r->executor_pid > 0 && !r->process_recorded)
		run_record_process(r);
	/* Which directories will be husk's must stand in the record before they are made. */
	int code = r->cgroup && !r->cgroup->surveyed && r->executor_pid == 0 ? cgroup_survey(r->cgroup, err) : 0;
	return code < 0 ? code : run_record_write(r, err);
}

int run_op_PID_FILE(struct run *r, const struct op *op, struct err *err)
{
	const char *path = plan_view_str(&r->plan, op->u.PID_FILE.path);
	_cleanup_free_ char *dir = mem_strdup(path);
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", (int)r->init_pid);
	*(char *)path_base(dir) = '\0';
	_cleanup_fd_ int dir_fd = fd_open(AT_FDCWD, dir[0] ? dir : ".", O_PATH | O_DIRECTORY, 0);
	int code = dir_fd < 0 ? dir_fd : fd_replace_file(dir_fd, path_base(path), digits, strlen(digits), 0644);
	return code < 0 ? err_set(err, code, "write the pid file %s", path) : 0;
}
