/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to criu; see criu.h. */
#include "criu.h"

#include "criu_log.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MESSAGE_MAX (1u << 20)

/* criu_req and criu_resp of rpc.proto, and what is in them. */
enum { REQ_TYPE = 1, REQ_OPTS = 2, REQ_NOTIFY_SUCCESS = 3, REQ_FEATURES = 5 };
enum {
	RESP_TYPE = 1,
	RESP_SUCCESS = 2,
	RESP_RESTORE = 4,
	RESP_NOTIFY = 5,
	RESP_ERRNO = 7,
	RESP_FEATURES = 8,
	RESP_ERRMSG = 9
};
enum { RESTORE_PID = 1, NOTIFY_SCRIPT = 1, NOTIFY_PID = 2 };

struct response {
	uint64_t type;
	bool success;
	int code;   /* cr_errno */
	char *text; /* cr_errmsg, or the notification's name */
	pid_t pid;
	bool mem_track, lazy_pages;
	int fd;
};

static int send_message(struct criu *c, const struct buf *b)
{
	ssize_t n;

	do
		n = send(c->socket_fd, b->data, b->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int take_fd(struct msghdr *msg)
{
	int fd = -1;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && h->cmsg_len >= CMSG_LEN(sizeof(int)))
			memcpy(&fd, CMSG_DATA(h), sizeof(int));
	return fd;
}

static ssize_t receive(struct criu *c, char *data, int *ret_fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .space = { 0 } };
	struct iovec iov = { .iov_base = data, .iov_len = MESSAGE_MAX };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	ssize_t n;

	do
		n = recvmsg(c->socket_fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		*ret_fd = take_fd(&msg);
	return n < 0 ? -errno : n;
}

static char *text_of(const struct criu_field *f)
{
	return mem_printf("%.*s", f->data ? (int)f->len : 0, f->data ? (const char *)f->data : "");
}

static int read_nested(const struct criu_field *outer, struct response *r)
{
	struct criu_reader in = { outer->data, outer->data + outer->len };
	struct criu_field f;
	int more;

	while ((more = criu_read(&in, &f)) > 0) {
		if (outer->number == RESP_RESTORE && f.number == RESTORE_PID)
			r->pid = (pid_t)f.value;
		if (outer->number == RESP_NOTIFY && f.number == NOTIFY_PID)
			r->pid = (pid_t)f.value;
		if (outer->number == RESP_NOTIFY && f.number == NOTIFY_SCRIPT) {
			mem_freep(&r->text);
			r->text = text_of(&f);
		}
		if (outer->number == RESP_FEATURES && f.number == CRIU_FEATURE_MEM_TRACK)
			r->mem_track = f.value;
		if (outer->number == RESP_FEATURES && f.number == CRIU_FEATURE_LAZY_PAGES)
			r->lazy_pages = f.value;
	}
	return more;
}

static int parse_field(const struct criu_field *f, struct response *r)
{
	switch (f->number) {
	case RESP_TYPE: r->type = f->value; return 0;
	case RESP_SUCCESS: r->success = f->value; return 0;
	case RESP_ERRNO: r->code = (int)f->value; return 0;
	case RESP_ERRMSG:
		mem_freep(&r->text);
		r->text = text_of(f);
		return 0;
	case RESP_RESTORE:
	case RESP_NOTIFY:
	case RESP_FEATURES: return f->data ? read_nested(f, r) : -EBADMSG;
	default: return 0;
	}
}

static int parse(const char *data, size_t len, struct response *r)
{
	struct criu_reader in = { (const uint8_t *)data, (const uint8_t *)data + len };
	struct criu_field f;
	int more;

	while ((more = criu_read(&in, &f)) > 0)
		if (parse_field(&f, r) < 0)
			return -EBADMSG;
	return more;
}

static int read_response(struct criu *c, struct response *r)
{
	_cleanup_free_ char *data = mem_alloc(MESSAGE_MAX);

	*r = (struct response){ .fd = -1 };
	ssize_t n = receive(c, data, &r->fd);
	if (n == 0)
		return -EPIPE;
	return n < 0 ? (int)n : parse(data, (size_t)n, r);
}

static void response_done(struct response *r)
{
	r->fd = fd_close(r->fd);
	mem_freep(&r->text);
}

static int answer(struct criu *c, struct response *r, criu_notify_fn *notify, void *user, struct err *err)
{
	_cleanup_buf_ struct buf req = { 0 };

	log_debug("criu: %s (pid %d)", r->text ? r->text : "?", (int)r->pid);
	int code = notify && r->text ? notify(user, r->text, r->pid, fd_take(r->fd), err) : 0;
	criu_put_number(&req, REQ_TYPE, CRIU_NOTIFY);
	criu_put_number(&req, REQ_NOTIFY_SUCCESS, code == 0);
	int sent = send_message(c, &req);
	return code < 0 ? code : sent;
}

/* The response that is the last one. */
static int converse(struct criu *c, criu_notify_fn *notify, void *user, struct response *r, struct err *err)
{
	struct err why = { 0 };

	for (;;) {
		int code = read_response(c, r);

		if (code < 0)
			return why.code < 0 ? *err = why, why.code : criu_log_fail(c, code, NULL, err);
		if (r->type != CRIU_NOTIFY)
			break;
		answer(c, r, notify, user, why.code < 0 ? NULL : &why);
		response_done(r);
	}
	if (r->success)
		return 0;
	if (why.code < 0) {
		*err = why;
		return why.code;
	}
	return criu_log_fail(c, r->code > 0 ? -r->code : -EIO, r->text, err);
}

int criu_call(struct criu *c, enum criu_request type, const struct buf *opts, criu_notify_fn *notify, void *user,
	      struct criu_reply *ret, struct err *err)
{
	_cleanup_buf_ struct buf req = { 0 };
	struct response r = { .fd = -1 };

	criu_put_number(&req, REQ_TYPE, type);
	criu_put_message(&req, type == CRIU_FEATURE_CHECK ? REQ_FEATURES : REQ_OPTS, opts);
	int code = send_message(c, &req);
	if (code < 0)
		return criu_log_fail(c, code, NULL, err);
	code = converse(c, notify, user, &r, err);
	if (code == 0 && ret)
		*ret = (struct criu_reply){ .pid = r.pid, .mem_track = r.mem_track, .lazy_pages = r.lazy_pages };
	response_done(&r);
	return code;
}

int criu_has_feature(const struct criu_start *s, enum criu_feature feature, struct err *err)
{
	_cleanup_buf_ struct buf features = { 0 };
	struct criu_reply reply = { 0 };
	struct criu c;

	int code = criu_start(&c, s, err);
	if (code < 0)
		return code;
	criu_put_number(&features, feature, 1);
	code = criu_call(&c, CRIU_FEATURE_CHECK, &features, NULL, NULL, &reply, err);
	criu_end(&c);
	if (code < 0)
		return code;
	return feature == CRIU_FEATURE_MEM_TRACK ? reply.mem_track : reply.lazy_pages;
}

void criu_put_defaults(const struct criu *c, struct buf *opts)
{
	criu_put_number(opts, CRIU_IMAGES_DIR_FD, c->images_fd);
	criu_put_number(opts, CRIU_WORK_DIR_FD, c->work_fd);
	criu_put_number(opts, CRIU_LOG_LEVEL, 4);
	criu_put_string(opts, CRIU_LOG_FILE, c->log_name);
	criu_put_number(opts, CRIU_NOTIFY_SCRIPTS, 1);
	criu_put_number(opts, CRIU_EVASIVE_DEVICES, 1);
	criu_put_number(opts, CRIU_ORPHAN_PTS_MASTER, 1);
}
