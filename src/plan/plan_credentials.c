/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the program is: user, groups, capabilities, working directory, HOME.
 *
 * A filter that is loaded without no_new_privs needs CAP_SYS_ADMIN: then `caps` keeps it until execve, which computes
 * the final sets from the others (docs/design/0001-plan.md, Credentials).
 */
#include "annotation.h"
#include "plan_parts.h"
#include "capability.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- capabilities ------------------------------------------------------------------------------------ */

static uint64_t read_set(struct build *b, const char *set, char **names, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		int number = capability_find(names[i]);
		if (number < 0)
			plan_warn(b->p,
				  "/process/capabilities/%s/%zu: %s is not a capability that husk knows, so it is "
				  "left out",
				  set, i, names[i]);
		else if (b->facts->last_cap && (unsigned)number > b->facts->last_cap)
			plan_warn(b->p, "/process/capabilities/%s/%zu: this kernel has no %s, so it is left out", set,
				  i, names[i]);
		else
			bits |= UINT64_C(1) << number;
	}
	return bits;
}

struct sets {
	uint64_t effective, bounding, inheritable, permitted, ambient;
};

static struct sets read_sets(struct build *b, const struct oci_capabilities *c)
{
	struct sets s = { 0 };

	if (!c)
		return s;
	s.bounding = read_set(b, "bounding", c->bounding, c->n_bounding);
	s.effective = read_set(b, "effective", c->effective, c->n_effective);
	s.permitted = read_set(b, "permitted", c->permitted, c->n_permitted);
	s.inheritable = read_set(b, "inheritable", c->inheritable, c->n_inheritable);
	s.ambient = read_set(b, "ambient", c->ambient, c->n_ambient);
	return s;
}

/* ---- user and groups --------------------------------------------------------------------------------- */

static int check_mapped(struct build *b, const char *map, uint32_t id, const char *what)
{
	uint32_t host;

	if (!map || plan_map_id(map, id, &host) == 0)
		return 0;
	return plan_fail(b, "the %s %" PRIu32 " is not mapped in the user namespace: extend linux.%sMappings", what, id,
			 strcmp(what, "user id") == 0 ? "uid" : "gid");
}

static int check_user(struct build *b, const struct oci_user *u)
{
	plan_where(b->p, "/process/user/uid");
	int r = check_mapped(b, b->uid_map, u->uid, "user id");
	if (r < 0)
		return r;
	plan_where(b->p, "/process/user/gid");
	r = check_mapped(b, b->gid_map, u->gid, "group id");
	for (size_t i = 0; r == 0 && i < u->n_additional_gids; i++) {
		plan_where(b->p, "/process/user/additionalGids/%zu", i);
		r = check_mapped(b, b->gid_map, u->additional_gids[i], "group id");
	}
	return r;
}

static int add_groups(struct build *b, const struct oci_user *u)
{
	const char *keep = annotation_get(b->config, "run.oci.keep_original_groups");
	bool denied = b->idmap_flags & IDMAP_DENY_SETGROUPS;

	plan_where(b->p, "/process/user/additionalGids");
	if (denied && u->n_additional_gids)
		return plan_fail(b, "an unprivileged user without subordinate group ids cannot set additional groups: "
				    "remove them, or map a range in linux.gidMappings (/etc/subgid)");
	if (keep && strcmp(keep, "1") == 0)
		return 0;
	PLAN_ADD(b->p, SETGROUPS,
		 .gids = plan_blob(b->p, u->additional_gids, u->n_additional_gids * sizeof(*u->additional_gids)),
		 .ifdenied = b->user_ns && !u->n_additional_gids);
	return 0;
}

/* The set that the process has when it gets there: a user namespace begins with all that the kernel knows. */
static uint64_t bounding_now(const struct build *b)
{
	unsigned last = b->facts->last_cap < 63 ? b->facts->last_cap : 63;

	return b->user_ns ? UINT64_MAX >> (63 - last) : b->facts->bounding;
}

/* ---- all of it --------------------------------------------------------------------------------------- */

static bool has_no_new_privileges(const struct build *b, const struct oci_process *fallback)
{
	return b->process->has_no_new_privileges || !fallback ? b->process->no_new_privileges
							      : fallback->no_new_privileges;
}

int plan_process_credentials(struct build *b, const struct oci_process *fallback)
{
	static const struct oci_user root;

	if (!b->process)
		return 0;
	const struct oci_user *u = b->process->user ? b->process->user : &root;
	const struct oci_capabilities *c = b->process->capabilities;
	struct sets s = read_sets(b, !c && fallback ? fallback->capabilities : c);
	uint64_t kept = b->request->seccomp && !has_no_new_privileges(b, fallback) ? CAPABILITY_BIT(SYS_ADMIN) : 0;

	int r = check_user(b, u);
	if (r < 0)
		return r;
	plan_where(b->p, "/process/capabilities/bounding");
	PLAN_ADD(b->p, BOUNDING, .caps = s.bounding, .drop = bounding_now(b) & ~s.bounding);
	r = add_groups(b, u);
	if (r < 0)
		return r;
	plan_where(b->p, "/process/user");
	PLAN_ADD(b->p, SETUID, .uid = u->uid, .gid = u->gid);
	plan_where(b->p, "/process/cwd");
	_cleanup_free_ char *cwd = path_clean(b->process->cwd);
	PLAN_ADD(b->p, CHDIR, .path = plan_str(b->p, cwd));
	plan_where(b->p, "/process/capabilities");
	PLAN_ADD(b->p, CAPS, .effective = s.effective | kept, .permitted = s.permitted | kept,
		 .inheritable = s.inheritable, .ambient = s.ambient);
	const char *home = plan_environment_get(b->process, "HOME");
	plan_where(b->p, "/process/env");
	if (!home || !*home)
		PLAN_ADD(b->p, SET_HOME, .uid = u->uid);
	if (b->request->listen_fds)
		PLAN_ADD(b->p, SET_ENV_PID, .name = plan_str(b->p, "LISTEN_PID"));
	return 0;
}
