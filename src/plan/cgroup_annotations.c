/* SPDX-License-Identifier: Apache-2.0 */
/* Where a configuration puts the container's cgroup; see cgroup_annotations.h. */
#include "cgroup_annotations.h"
#include "annotation.h"
#include "cgroup/cgroup.h"
#include "ocispec.h"
#include "plan.h"
#include "util/err.h"

#include <errno.h>

static int go_below(const struct oci_config *config, struct cgroup *c, struct err *err)
{
	const char *subgroup = annotation_get(config, ANNOTATION_SUBGROUP);

	if (c->driver != CGROUP_DRIVER_SYSTEMD || !subgroup || !*subgroup)
		return 0;
	int r = cgroup_use_subgroup(c, subgroup, err);
	return r < 0 ? err_where(err, "/annotations/" ANNOTATION_SUBGROUP) : 0;
}

static int delegate(const struct oci_config *config, struct cgroup *c, struct err *err)
{
	const char *path = annotation_get(config, ANNOTATION_DELEGATE);
	int r;

	if (!path)
		return 0;
	if (c->n_dirs == 0)
		r = err_say(err, -EOPNOTSUPP, "there is no cgroup that could be delegated: the container has none");
	else if (c->layout != CGROUP_V2)
		r = err_say(err, -EOPNOTSUPP,
			    "a cgroup can only be delegated where all controllers are on v2: v1 has no "
			    "safe way to do it");
	else
		r = cgroup_use_delegated(c, path, err);
	return r < 0 ? err_where(err, "/annotations/" ANNOTATION_DELEGATE) : 0;
}

int cgroup_locate_configured(const struct oci_config *config, const struct facts *facts, const struct request *request,
			     struct cgroup *ret, struct err *err)
{
	const char *path = config->linux_ ? config->linux_->cgroups_path : NULL;
	struct cgroup c = { 0 };
	int r = cgroup_locate(facts, path, request->id, request->driver, &c, err);

	if (r == 0)
		r = go_below(config, &c, err);
	if (r == 0)
		r = delegate(config, &c, err);
	if (r < 0) {
		cgroup_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}
