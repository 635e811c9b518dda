/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing what is in a container's directory: state.json and the copy of config.json. */
#include "state.h"
#include "state_salvage.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX (4u << 20)

int state_write(const struct state_dir *d, const struct husk_record *r, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int code = husk_record_write(r, 0, &text, &len);

	if (code == 0)
		code = fd_replace_file(d->dir_fd, "state.json", text, len, 0600);
	return code < 0 ? err_set(err, code, "write the record of container %s", d->id) : 0;
}

/* A record is only believed when it is the one of this container. */
static int parse(const char *id, const char *text, size_t len, struct oci_arena **ret_arena,
		 const struct husk_record **ret, char **ret_why)
{
	const struct oci_read_options options = { .name = "state.json" };
	struct oci_errors errors = { 0 };
	struct oci_arena *arena = NULL;
	const struct husk_record *record;

	if (husk_record_read(text, len, &options, &arena, &record, &errors) < 0) {
		*ret_why = take(errors.text);
		oci_errors_done(&errors);
		return -ENODATA;
	}
	oci_errors_done(&errors);
	if (strcmp(record->id, id) != 0) {
		*ret_why = mem_printf("it is the record of \"%s\"", record->id);
		oci_arena_free(arena);
		return -ENODATA;
	}
	*ret_arena = arena;
	*ret = record;
	return 0;
}

int state_read(const struct state_dir *d, struct oci_arena **ret_arena, const struct husk_record **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL, *why = NULL, *salvaged = NULL;
	size_t len = 0;
	int r = fd_read_document(d->dir_fd, "state.json", RECORD_MAX, &text, &len);

	if (r == 0) {
		if (parse(d->id, text, len, ret_arena, ret, &why) == 0)
			return 0;
		err_say(err, -ENODATA,
			"the record of container %s is damaged (%s); \"husk delete --force %s\" removes it", d->id,
			why ? why : "unreadable", d->id);
	} else if (r == -ENOENT) {
		err_say(err, -ENODATA, "container %s has no record; \"husk delete --force %s\" removes what is there",
			d->id, d->id);
	} else {
		err_set(err, -ENODATA, "read the record of container %s: %s", d->id, err_reason(r));
	}
	mem_freep(&why);
	why = NULL;
	salvaged = state_salvage(d->id, text ? text : "", len);
	if (!salvaged)
		return err_set(err, -ENOMEM, "make a record of container %s of what is left", d->id);
	if (parse(d->id, salvaged, strlen(salvaged), ret_arena, ret, &why) < 0)
		return err_say(err, -EBADMSG, "make a record of container %s of what is left: %s", d->id,
			       why ? why : "?");
	return -ENODATA;
}

int state_read_below(int root_fd, const char *id, struct oci_arena **ret_arena, const struct husk_record **ret)
{
	_cleanup_free_ char *path = mem_printf("%s/state.json", id), *text = NULL, *why = NULL;
	const struct husk_record *record;
	struct oci_arena *arena;
	size_t len = 0;
	int r = fd_read_document(root_fd, path, RECORD_MAX, &text, &len);

	if (r == 0)
		r = parse(id, text, len, &arena, &record, &why);
	if (r < 0)
		return r;
	if (!record->status || strcmp(record->status, oci_status_words[OCI_STATUS_CREATING]) == 0) {
		oci_arena_free(arena);
		return -EAGAIN;
	}
	*ret_arena = arena;
	*ret = record;
	return 0;
}

int state_write_config(const struct state_dir *d, const char *text, size_t len, struct err *err)
{
	int r = fd_create_file(d->dir_fd, "config.json", text, len, 0600);

	return r < 0 ? err_set(err, r, "save the configuration of container %s", d->id) : 0;
}

int state_read_config(const struct state_dir *d, char **ret, size_t *ret_len, struct err *err)
{
	int r = fd_read_document(d->dir_fd, "config.json", OCI_DOCUMENT_MAX, ret, ret_len);

	return r < 0 ? err_set(err, r, "read the saved configuration of container %s", d->id) : 0;
}

int state_json(const struct husk_record *r, enum oci_status status, pid_t pid, unsigned indent, char **ret)
{
	const struct oci_state state = {
		.oci_version = r->oci_version,
		.id = r->id,
		.pid = pid,
		.has_pid = true,
		.status = (char *)oci_status_words[status],
		.bundle = r->bundle,
		.rootfs = r->rootfs,
		.created = r->created,
		.annotations = r->annotations,
		.n_annotations = r->n_annotations,
		.owner = r->owner,
	};
	size_t len;

	return oci_state_write(&state, indent, ret, &len);
}
