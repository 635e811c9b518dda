/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for readers: a table for people, JSON for programs, a few words for errors. */
#include "plan_print.h"

#include "op_info.h"
#include "plan_flags.h"
#include "plan_json.h"
#include "util/mem.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const sides[] = { [SIDE_HOST] = "host", [SIDE_EXEC] = "exec", [SIDE_INIT] = "init" };
static const char *const kinds[] = {
	[TARGET_DIR] = "dir",
	[TARGET_FILE] = "file",
	[TARGET_LIKE] = "like",
	[TARGET_EXISTING] = "existing",
	[TARGET_NOFOLLOW_DIR] = "nofollow_dir",
	[TARGET_LINK_LIKE] = "link_like",
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == TARGET_KIND_MAX, "a word for each kind");
static const char *const on_errors[] = {
	[ON_ERROR_FAIL] = "fail",         [ON_ERROR_WARN] = "warn", [ON_ERROR_MISSING] = "missing",
	[ON_ERROR_ALT_PERM] = "alt_perm", [ON_ERROR_ALT] = "alt",
};
_Static_assert(sizeof(on_errors) / sizeof(on_errors[0]) == ON_ERROR_MAX, "a word for each on_error");

/* ---- arguments, by type ------------------------------------------------------------------------------ */

/* What an argument is written with: text is true for people, false for JSON. */
struct writer {
	const struct plan_view *v;
	const struct op *op;
	const char *name;
	bool text;
};
typedef void write_fn(struct buf *b, const struct writer *w, uint64_t value);

static bool is_plain(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (isspace((unsigned char)*s) || iscntrl((unsigned char)*s) || *s == '"' || *s == '\\')
			return false;
	return true;
}

static void write_text(struct buf *b, const struct writer *w, const char *s)
{
	if (w->text && is_plain(s))
		buf_adds(b, s);
	else
		plan_json_add_string(b, s);
}

static void write_str(struct buf *b, const struct writer *w, uint64_t value)
{
	const char *s = plan_view_str(w->v, value);

	if (s)
		write_text(b, w, s);
	else
		buf_adds(b, w->text ? "-" : "null");
}

static void write_strv(struct buf *b, const struct writer *w, uint64_t value)
{
	const char **list = NULL;
	size_t n = plan_view_strv(w->v, value, &list);

	buf_adds(b, "[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_adds(b, w->text ? " " : ",");
		write_text(b, w, list[i]);
	}
	buf_adds(b, "]");
	free(list);
}

static void write_blob(struct buf *b, const struct writer *w, uint64_t value)
{
	size_t len = 0;

	plan_view_blob(w->v, value, &len);
	buf_addf(b, w->text ? "<%zu bytes>" : "{\"bytes\":%zu}", len);
}

static void write_number(struct buf *b, const struct writer *w, uint64_t value)
{
	(void)w;
	buf_addf(b, "%" PRIu64, value);
}

static void write_signed(struct buf *b, const struct writer *w, uint64_t value)
{
	(void)w;
	buf_addf(b, "%" PRId64, (int64_t)value);
}

static void write_slot(struct buf *b, const struct writer *w, uint64_t value)
{
	if (value == PLAN_NO_SLOT)
		buf_adds(b, w->text ? "-" : "null");
	else
		buf_addf(b, w->text ? "#%" PRIu64 : "%" PRIu64, value);
}

static void write_flags(struct buf *b, const struct writer *w, uint64_t value)
{
	if (!w->text)
		buf_adds(b, "\"");
	plan_flags_add(b, w->op->code, w->name, value);
	if (!w->text)
		buf_adds(b, "\"");
}

static void write_mode(struct buf *b, const struct writer *w, uint64_t value)
{
	buf_addf(b, w->text ? "%04" PRIo64 : "\"%04" PRIo64 "\"", value);
}

static void write_kind(struct buf *b, const struct writer *w, uint64_t value)
{
	write_text(b, w, value < TARGET_KIND_MAX ? kinds[value] : "?");
}

static const struct {
	const char *type;
	write_fn *write;
} writers[] = {
	{ "STR", write_str },  { "WORD", write_str }, { "STRV", write_strv }, { "BLOB", write_blob },
	{ "U", write_number }, { "I", write_signed }, { "SLOT", write_slot }, { "HEX", write_flags },
	{ "NS", write_flags }, { "OCT", write_mode }, { "KIND", write_kind },
};

static void write_argument(struct buf *b, struct writer *w, unsigned i)
{
	const struct op_info *info = &op_info[w->op->code];

	w->name = info->args[i].name;
	for (size_t k = 0; k < sizeof(writers) / sizeof(writers[0]); k++)
		if (strcmp(writers[k].type, info->args[i].type) == 0)
			writers[k].write(b, w, w->op->u.raw[i]);
}

/* ---- a table for people ------------------------------------------------------------------------------ */

static void write_on_error(struct buf *b, const struct op *op)
{
	switch ((enum on_error)op->on_error) {
	case ON_ERROR_FAIL:
	case ON_ERROR_MAX: return;
	case ON_ERROR_WARN: buf_adds(b, "  (or warn)"); return;
	case ON_ERROR_MISSING: buf_addf(b, "  (or skip %u)", op->alt); return;
	case ON_ERROR_ALT_PERM: buf_addf(b, "  (or, not permitted, the next %u)", op->alt); return;
	case ON_ERROR_ALT: buf_addf(b, "  (or the next %u)", op->alt); return;
	}
}

static void print_line(const struct plan_view *v, uint32_t i, FILE *out)
{
	const struct op *op = &v->ops[i];
	const struct op_info *info = &op_info[op->code];
	struct writer w = { .v = v, .op = op, .text = true };
	_cleanup_buf_ struct buf b = { 0 };

	for (unsigned k = 0; k < info->n_args; k++) {
		buf_addf(&b, "%s%s=", k ? " " : "", info->args[k].name);
		write_argument(&b, &w, k);
	}
	write_on_error(&b, op);
	const char *where = plan_view_str(v, op->where);
	if (where)
		buf_addf(&b, "%s%s", b.len ? "  " : "", where);
	fprintf(out, "%4u  %s  %-17s%s%s\n", i, sides[info->side], info->name, b.len ? "  " : "", b.len ? b.data : "");
}

void plan_print_text(const struct plan_view *v, FILE *out)
{
	for (uint32_t i = 0; i < v->header->n_ops; i++)
		print_line(v, i, out);
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static void print_object(const struct plan_view *v, uint32_t i, FILE *out)
{
	const struct op *op = &v->ops[i];
	const struct op_info *info = &op_info[op->code];
	struct writer w = { .v = v, .op = op };
	_cleanup_buf_ struct buf b = { 0 };

	buf_addf(&b, "{\"index\":%u,\"side\":\"%s\",\"op\":\"%s\",\"args\":{", i, sides[info->side], info->name);
	for (unsigned k = 0; k < info->n_args; k++) {
		buf_addf(&b, "%s\"%s\":", k ? "," : "", info->args[k].name);
		write_argument(&b, &w, k);
	}
	buf_adds(&b, "}");
	if (op->on_error != ON_ERROR_FAIL)
		buf_addf(&b, ",\"on_error\":\"%s\",\"alt\":%u", on_errors[op->on_error], op->alt);
	const char *where = plan_view_str(v, op->where);
	if (where) {
		buf_adds(&b, ",\"pointer\":");
		plan_json_add_string(&b, where);
	}
	fprintf(out, "%s}", b.data);
}

void plan_print_json(const struct plan_view *v, FILE *out)
{
	fputc('[', out);
	for (uint32_t i = 0; i < v->header->n_ops; i++) {
		fputs(i ? ",\n " : "", out);
		print_object(v, i, out);
	}
	fputs("]\n", out);
}

/* ---- a few words ------------------------------------------------------------------------------------- */

static bool makes_mount(enum op_code code)
{
	return code == OP_FSMOUNT || code == OP_TAKE_TREE || code == OP_CLONE_TREE || code == OP_CLONE_TARGET ||
	       code == OP_ROOTFS_OPEN;
}

static bool is_of_mount(enum op_code code)
{
	return makes_mount(code) || code == OP_MOUNT_SETATTR || code == OP_COPY_UP || code == OP_MOVE_MOUNT;
}

/* The target that an op about MOUNT or TARGET belongs to: ahead of it in the same mount, else behind it. */
static const char *target_path(const struct plan_view *v, uint32_t i)
{
	for (uint32_t k = i; k < v->header->n_ops && is_of_mount(v->ops[i].code); k++) {
		enum op_code code = v->ops[k].code;
		if (code == OP_TARGET)
			return plan_view_str(v, v->ops[k].u.TARGET.path);
		if (code == OP_MOVE_MOUNT || code == OP_ROOTFS || (k > i && makes_mount(code)))
			break;
	}
	for (uint32_t k = i; k-- > 0;)
		if (v->ops[k].code == OP_TARGET)
			return plan_view_str(v, v->ops[k].u.TARGET.path);
	return NULL;
}

static bool is_about_rootfs(const struct plan_view *v, uint32_t i)
{
	while (i < v->header->n_ops && v->ops[i].code != OP_TARGET && v->ops[i].code != OP_MOVE_MOUNT)
		if (v->ops[i++].code == OP_ROOTFS)
			return true;
	return false;
}

/* The argument that is the op's object, where it is not the first string. */
static const char *object_name(enum op_code code)
{
	static const struct {
		enum op_code code;
		const char *name;
	} objects[] = {
		{ OP_CGROUP_WRITE, "file" }, { OP_HOOK, "path" },   { OP_HOOK_IN, "path" },
		{ OP_SYMLINK, "path" },      { OP_EXECVE, "argv" },
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (objects[i].code == code)
			return objects[i].name;
	return NULL;
}

static void add_object(struct buf *b, const struct plan_view *v, const struct op *op)
{
	const struct op_info *info = &op_info[op->code];
	const char *wanted = object_name(op->code);

	for (unsigned i = 0; i < info->n_args; i++) {
		const char *type = info->args[i].type;
		bool strv = strcmp(type, "STRV") == 0;
		if (wanted ? strcmp(wanted, info->args[i].name) != 0 : strcmp(type, "STR") != 0)
			continue;
		const char *s = plan_view_str(v, op->u.raw[i]);
		if (s && strv)
			s = ((const struct plan_strv *)(const void *)s)->n ? s + sizeof(struct plan_strv) : NULL;
		if (s)
			buf_addf(b, " %s", s);
		return;
	}
}

static void add_words(struct buf *b, const struct plan_view *v, uint32_t i)
{
	const struct op *op = &v->ops[i];

	buf_adds(b, op_info[op->code].name);
	if (op->code == OP_SETNS || op->code == OP_UNSHARE || op->code == OP_CLONE) {
		buf_adds(b, " ");
		plan_flags_add_namespaces(b, op->u.raw[op->code == OP_SETNS ? 1 : 0]);
		return;
	}
	if (op->code != OP_TARGET_SETATTR && op->code != OP_RECONFIGURE)
		add_object(b, v, op);
	if (op->code == OP_LABEL && plan_view_str(v, op->u.LABEL.text))
		buf_addf(b, " \"%s\"", plan_view_str(v, op->u.LABEL.text));
	bool of_target = op->code == OP_TARGET_SETATTR || op->code == OP_RECONFIGURE || op->code == OP_CLONE_TARGET;
	if (!of_target && !is_of_mount(op->code))
		return;
	const char *path = is_about_rootfs(v, i) ? "the rootfs" : target_path(v, i);
	if (path)
		buf_addf(b, "%s %s", op->code == OP_MOVE_MOUNT || op->code == OP_COPY_UP ? " to" : " on", path);
}

void plan_describe_op(const struct plan_view *v, uint32_t op, char *buf, size_t size)
{
	_cleanup_buf_ struct buf b = { 0 };

	if (op < v->header->n_ops)
		add_words(&b, v, op);
	snprintf(buf, size, "%s", b.len ? b.data : "an op outside the plan");
}
