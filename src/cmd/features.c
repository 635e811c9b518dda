/* SPDX-License-Identifier: Apache-2.0 */
/* The features document, made from the tables that do the work; see features.h. */
#include "features.h"
#include "cmd_parse.h"
#include "ocispec.h"
#include "plan/capability.h"
#include "plan/mount_option.h"
#include "plan/unit_property.h"
#include "seccomp/seccomp.h"
#include "util/mem.h"
#include "util/version.h"

#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
	char **v;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The words in order of the alphabet; the vector is malloc'ed, the words are borrowed. */
static struct list sorted(const char *const *words)
{
	struct list l = { 0 };

	for (; words[l.n]; l.n++) {
		l.v = mem_grow(l.v, l.n + 1, sizeof(*l.v));
		l.v[l.n] = (char *)words[l.n];
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	return l;
}

static struct list capabilities(void)
{
	struct list l = { .v = mem_alloc(CAPABILITY_MAX * sizeof(char *)) };

	for (unsigned i = 0; i < CAPABILITY_MAX; i++)
		l.v[l.n++] = (char *)capability_name(i);
	return l;
}

/* The properties of the schema that are lists of objects: those of oci_hooks are the hooks. */
static const struct {
	const char *object, *property;
} object_lists[] = {
#define OBJS(O, P, m, json, need, since, text) { #O, json },
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};

static struct list hooks(void)
{
	struct list l = { .v = mem_alloc(sizeof(object_lists) / sizeof(object_lists[0]) * sizeof(char *)) };

	for (size_t i = 0; i < sizeof(object_lists) / sizeof(object_lists[0]); i++)
		if (strcmp(object_lists[i].object, "oci_hooks") == 0)
			l.v[l.n++] = (char *)object_lists[i].property;
	return l;
}

/* Annotations of config.json that change what husk does; the last dot says that it is a prefix. */
static const char *const unsafe_annotations[] = { "husk.keeper", "org.criu.config", UNIT_PROPERTY_PREFIX, "run.oci.",
						  NULL };

/* The document and all that it points to. */
struct document {
	struct list lists[16]; /* to be freed */
	size_t n_lists;
	char library[32];
	struct oci_pair annotations[4];
	struct oci_features_enabled on;
	struct oci_features_cgroup cgroup;
	struct oci_features_seccomp seccomp;
	struct oci_features_memory_policy policy;
	struct oci_features_intel_rdt rdt;
	struct oci_features_mount_extensions extensions;
	struct oci_features_linux on_linux;
	struct oci_features features;
};

/* Put a list into the document, which then owns it. */
static void set_list(struct document *d, struct list l, char ***ret, size_t *ret_n)
{
	d->lists[d->n_lists++] = l;
	*ret = l.v;
	*ret_n = l.n;
}

#define SET(d, object, m, list) set_list((d), (list), &(object)->m, &(object)->n_##m)
#define YES(m) .m = true, .has_##m = true

static void fill_seccomp(struct document *d)
{
	struct oci_features_seccomp *s = &d->seccomp;

	*s = (struct oci_features_seccomp){ YES(enabled) };
	SET(d, s, actions, sorted(oci_seccomp_action_words));
	SET(d, s, operators, sorted(oci_seccomp_op_words));
	SET(d, s, archs, sorted(seccomp_supported_archs()));
	SET(d, s, known_flags, sorted(oci_seccomp_flag_words));
	SET(d, s, supported_flags, sorted(seccomp_supported_flags()));
}

static void fill_linux(struct document *d)
{
	struct oci_features_linux *l = &d->on_linux;

	d->on = (struct oci_features_enabled){ YES(enabled) };
	d->cgroup = (struct oci_features_cgroup){ YES(v1), YES(v2), YES(systemd), YES(systemd_user), YES(rdma) };
	d->rdt = (struct oci_features_intel_rdt){ YES(enabled), YES(schemata), YES(monitoring) };
	d->extensions.idmap = &d->on;
	fill_seccomp(d);
	SET(d, &d->policy, modes, sorted(oci_mempolicy_mode_words));
	SET(d, &d->policy, flags, sorted(oci_mempolicy_flag_words));
	SET(d, l, namespaces, sorted(oci_namespace_type_words));
	SET(d, l, capabilities, capabilities());
	l->cgroup = &d->cgroup;
	l->seccomp = &d->seccomp;
	l->apparmor = l->selinux = l->net_devices = &d->on;
	l->intel_rdt = &d->rdt;
	l->memory_policy = &d->policy;
	l->mount_extensions = &d->extensions;
}

static void fill_annotations(struct document *d)
{
	const struct scmp_version *v = seccomp_version();

	if (v)
		snprintf(d->library, sizeof(d->library), "%u.%u.%u", v->major, v->minor, v->micro);
	/* The last name is runc's: engines look for it. */
	d->annotations[0] = (struct oci_pair){ (char *)"io.github.seccomp.libseccomp.version", d->library };
	d->annotations[1] = (struct oci_pair){ (char *)"org.husk.commit", (char *)husk_commit };
	d->annotations[2] = (struct oci_pair){ (char *)"org.husk.version", (char *)husk_version };
	d->annotations[3] = (struct oci_pair){ (char *)"org.opencontainers.runc.checkpoint.enabled",
					       (char *)(command_find("checkpoint") ? "true" : "false") };
	d->features.annotations = d->annotations;
	d->features.n_annotations = sizeof(d->annotations) / sizeof(d->annotations[0]);
}

int features_json(unsigned indent, char **ret)
{
	struct document d = { 0 };
	struct oci_features *f = &d.features;
	size_t len;

	f->oci_version_min = (char *)"1.0.0";
	f->oci_version_max = (char *)OCISPEC_VERSION;
	f->linux_ = &d.on_linux;
	fill_linux(&d);
	fill_annotations(&d);
	SET(&d, f, hooks, hooks());
	SET(&d, f, mount_options, sorted(mount_option_names()));
	SET(&d, f, potentially_unsafe_config_annotations, sorted(unsafe_annotations));
	int r = oci_features_write(f, indent, ret, &len);
	for (size_t i = 0; i < d.n_lists; i++)
		free(d.lists[i].v);
	return r;
}
