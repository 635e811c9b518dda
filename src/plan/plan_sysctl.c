/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl, host name and domain name: what belongs to a namespace that must not be the host's. */
#include "plan_json.h"
#include "plan_parts.h"

#include <string.h>

/* Which namespace a kernel parameter belongs to. A name that ends in "/" is a directory. */
static const struct {
	const char *name;
	enum oci_namespace_type type;
} owners[] = {
	{ "kernel/msgmax", OCI_NS_IPC }, { "kernel/msgmnb", OCI_NS_IPC },          { "kernel/msgmni", OCI_NS_IPC },
	{ "kernel/sem", OCI_NS_IPC },    { "kernel/shmall", OCI_NS_IPC },          { "kernel/shmmax", OCI_NS_IPC },
	{ "kernel/shmmni", OCI_NS_IPC }, { "kernel/shm_rmid_forced", OCI_NS_IPC }, { "fs/mqueue/", OCI_NS_IPC },
	{ "net/", OCI_NS_NETWORK },      { "kernel/domainname", OCI_NS_UTS },
};

/* As sysctl(8) reads it: where the first separator is a dot, dots separate, and a slash is a dot in a name. */
static char *sysctl_path(const char *name)
{
	size_t first = strcspn(name, "./");
	char *path = mem_strdup(name);

	if (name[first] != '.')
		return path;
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

static bool has_empty_part(const char *path)
{
	size_t n = strlen(path);

	return n == 0 || path[0] == '/' || path[n - 1] == '/' || strstr(path, "//") || strstr(path, "../") ||
	       strncmp(path, "./", 2) == 0 || strstr(path, "/./");
}

static bool owns(const char *name, const char *path)
{
	size_t n = strlen(name);

	return name[n - 1] == '/' ? strncmp(path, name, n) == 0 : strcmp(path, name) == 0;
}

static int check_owner(struct build *b, const char *path)
{
	if (strcmp(path, "kernel/hostname") == 0)
		return plan_fail(b, "the host name is not set by a sysctl: use the property hostname");
	if (has_empty_part(path))
		return plan_fail(b, "%s is not the name of a kernel parameter", path);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!owns(owners[i].name, path))
			continue;
		if (plan_namespace_private(b, owners[i].type))
			return 0;
		return plan_fail(b, "it would change the host: it needs a %s namespace in linux.namespaces",
				 oci_namespace_type_words[owners[i].type]);
	}
	return plan_fail(b, "it belongs to no namespace, so it would change the host: set it on the host");
}

int plan_sysctl(struct build *b)
{
	for (size_t i = 0; i < b->linux_->n_sysctl; i++) {
		const struct oci_pair *s = &b->linux_->sysctl[i];
		_cleanup_free_ char *path = sysctl_path(s->key);
		_cleanup_buf_ struct buf token = { 0 };

		plan_json_add_token(&token, s->key);
		plan_where(b->p, "/linux/sysctl/%s", token.data ? token.data : "");
		int r = check_owner(b, path);
		if (r < 0)
			return r;
		/* The root of a user namespace may set it by the system call alone. */
		if (strcmp(path, "kernel/domainname") == 0)
			PLAN_ADD(b->p, DOMAINNAME, .name = plan_str(b->p, s->value));
		else
			PLAN_ADD(b->p, SYSCTL, .path = plan_str(b->p, path), .value = plan_str(b->p, s->value));
	}
	return 0;
}

int plan_hostname(struct build *b)
{
	bool private = plan_namespace_private(b, OCI_NS_UTS);

	if (b->config->hostname && *b->config->hostname) {
		plan_where(b->p, "/hostname");
		if (!private)
			return plan_fail(b, "unable to set hostname without a private UTS namespace: add "
					    "{\"type\": \"uts\"} to linux.namespaces");
		PLAN_ADD(b->p, HOSTNAME, .name = plan_str(b->p, b->config->hostname));
	}
	if (b->config->domainname && *b->config->domainname) {
		plan_where(b->p, "/domainname");
		if (!private)
			return plan_fail(b, "unable to set domainname without a private UTS namespace: add "
					    "{\"type\": \"uts\"} to linux.namespaces");
		PLAN_ADD(b->p, DOMAINNAME, .name = plan_str(b->p, b->config->domainname));
	}
	return 0;
}
