/* SPDX-License-Identifier: Apache-2.0 */
/* Host ops of the cgroup and of resctrl. */
#include "run_ops.h"

#include "rdt.h"
#include "run_record.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>

int run_op_CGROUP_CREATE(struct run *r, const struct op *op, struct err *err)
{
	(void)op;
	return cgroup_create(r->cgroup, err);
}

int run_op_CGROUP_WRITE(struct run *r, const struct op *op, struct err *err)
{
	const struct plan_view *v = &r->plan;

	return cgroup_write(r->cgroup, plan_view_str(v, op->u.CGROUP_WRITE.controller),
			    plan_view_str(v, op->u.CGROUP_WRITE.file), plan_view_str(v, op->u.CGROUP_WRITE.value),
			    (unsigned)op->u.CGROUP_WRITE.flags, err);
}

int run_op_CGROUP_DEVICES(struct run *r, const struct op *op, struct err *err)
{
	size_t len;
	const struct cgroup_device_rule *rules = plan_view_blob(&r->plan, op->u.CGROUP_DEVICES.rules, &len);

	return cgroup_set_devices(r->cgroup, rules, len / sizeof(*rules), err);
}

int run_op_CGROUP_CHOWN(struct run *r, const struct op *op, struct err *err)
{
	return cgroup_chown(r->cgroup, (uid_t)op->u.CGROUP_CHOWN.uid, err);
}

int run_op_CGROUP_DELEGATE(struct run *r, const struct op *op, struct err *err)
{
	return cgroup_delegate(r->cgroup, (uid_t)op->u.CGROUP_DELEGATE.uid, err);
}

int run_op_UNIT_PROPERTY(struct run *r, const struct op *op, struct err *err)
{
	const struct plan_view *v = &r->plan;
	const char **words = NULL;
	size_t n = plan_view_strv(v, op->u.UNIT_PROPERTY.words, &words);

	(void)err;
	cgroup_add_property(r->cgroup, plan_view_str(v, op->u.UNIT_PROPERTY.name),
			    plan_view_str(v, op->u.UNIT_PROPERTY.type), words, n);
	free(words);
	return 0;
}

int run_op_CGROUP_ATTACH(struct run *r, const struct op *op, struct err *err)
{
	const struct oci_config *c = r->config;
	const struct oci_resources *resources = c && c->linux_ ? c->linux_->resources : NULL;

	(void)op;
	return cgroup_attach(r->cgroup, r->executor_pid, r->entered, resources, err);
}

int run_op_RDT(struct run *r, const struct op *op, struct err *err)
{
	const struct plan_view *v = &r->plan;
	const char **schemata = NULL;
	struct rdt_request request = {
		.root = RDT_ROOT,
		.id = r->request->id,
		.clos_id = plan_view_str(v, op->u.RDT.clos_id),
		.n_schemata = plan_view_strv(v, op->u.RDT.schemata, &schemata),
		.n_compared = op->u.RDT.compared,
		.monitoring = op->u.RDT.monitoring,
		.create = op->u.RDT.create,
		.pid = r->init_pid,
	};

	request.schemata = schemata;
	/* The record names the directory before it is there. */
	r->record->rdt_path = rdt_removable_path(&request);
	int code = r->record->rdt_path ? run_record_write(r, err) : 0;
	if (code == 0)
		code = rdt_apply(&request, err);
	free(schemata);
	return code;
}
