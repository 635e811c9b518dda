/* SPDX-License-Identifier: Apache-2.0 */
/* sd-bus, loaded on first use, and a connection to the manager: its private socket, else the bus. */
#include "systemd_bus.h"
#include "tree.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libsystemd.so.0"

/* The ELF note that tells packagers of a library that is loaded at run time (the dlopen metadata of
 * systemd's ELF_DLOPEN_METADATA specification). */
#define NOTE_TEXT \
	"[{\"soname\":[\"" LIBRARY \
	"\"],\"feature\":\"systemd\",\"description\":\"systemd cgroup driver\",\"priority\":\"suggested\"}]"
static const struct {
	uint32_t name_size, text_size, type;
	char name[4];
	char text[(sizeof(NOTE_TEXT) + 3) / 4 * 4];
} dlopen_note __attribute__((used, aligned(4), section(".note.dlopen"))) = {
	.name_size = 4,
	.text_size = sizeof(NOTE_TEXT),
	.type = 0x407c0c0a,
	.name = "FDO",
	.text = NOTE_TEXT,
};

static const char *const names[] = {
#define X(type, name, args) #name,
	SD_BUS_FUNCTIONS(X)
#undef X
};
_Static_assert(sizeof(struct sd_bus_functions) == sizeof(names), "a name for each function");

static const struct sd_bus_functions *load(struct err *err)
{
	static struct sd_bus_functions functions; /* once a process: libraries are not unloaded */
	static bool loaded;
	void *symbols[sizeof(names) / sizeof(names[0])];

	if (loaded)
		return &functions;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		err_say(err, -ELIBACC, "the systemd cgroup driver needs " LIBRARY ": %s", dlerror());
		return NULL;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		symbols[i] = dlsym(library, names[i]);
		if (!symbols[i]) {
			err_say(err, -ELIBACC, LIBRARY " has no %s; it is older than systemd 241", names[i]);
			dlclose(library);
			return NULL;
		}
	}
	memcpy(&functions, symbols, sizeof(functions));
	loaded = true;
	return &functions;
}

/* The manager's own socket needs no D-Bus daemon. */
static int open_private(struct systemd_bus *b)
{
	const char *dir = b->user_manager ? getenv("XDG_RUNTIME_DIR") : "/run";

	if (!dir || dir[0] != '/' || strpbrk(dir, ",;%"))
		return -ENOENT;
	_cleanup_free_ char *path = mem_printf("%s/systemd/private", dir);
	_cleanup_free_ char *address = mem_printf("unix:path=%s", path);
	if (access(path, W_OK) < 0)
		return -errno;
	int r = b->f->sd_bus_new(&b->bus);
	if (r >= 0)
		r = b->f->sd_bus_set_address(b->bus, address);
	if (r >= 0)
		r = b->f->sd_bus_start(b->bus);
	if (r < 0)
		b->bus = b->f->sd_bus_close_unref(b->bus);
	return r;
}

/* sd_bus_call would wait for the other side's greeting as long as it likes. */
static int wait_ready(struct systemd_bus *b)
{
	int r;

	while ((r = b->f->sd_bus_is_ready(b->bus)) == 0) {
		uint64_t left = systemd_bus_left(b);
		if (!left)
			return -ETIMEDOUT;
		r = b->f->sd_bus_process(b->bus, NULL);
		if (r == 0)
			r = b->f->sd_bus_wait(b->bus, left);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return r < 0 ? r : 0;
}

int systemd_bus_open(bool user_manager, int timeout_ms, struct systemd_bus *ret, struct err *err)
{
	struct systemd_bus b = { .user_manager = user_manager, .deadline = clock_ms() + timeout_ms };

	b.f = load(err);
	if (!b.f)
		return -ELIBACC;
	int r = open_private(&b);
	if (r < 0)
		r = user_manager ? b.f->sd_bus_open_user(&b.bus) : b.f->sd_bus_open_system(&b.bus);
	if (r >= 0)
		r = wait_ready(&b);
	if (r < 0)
		systemd_bus_close(&b);
	if (r < 0)
		return err_set(
			err, r,
			"connect to systemd's %s manager (is systemd running here? else use the cgroupfs driver)",
			user_manager ? "user" : "system");
	*ret = b;
	return 0;
}

void systemd_bus_close(struct systemd_bus *b)
{
	if (b->bus)
		b->bus = b->f->sd_bus_close_unref(b->bus);
}

uint64_t systemd_bus_left(const struct systemd_bus *b)
{
	long long left = b->deadline - clock_ms();

	return left > 0 ? (uint64_t)left * 1000 : 0;
}

int systemd_bus_new_call(struct systemd_bus *b, const char *method, sd_bus_message **ret, struct err *err)
{
	int r = b->f->sd_bus_message_new_method_call(b->bus, ret, "org.freedesktop.systemd1",
						     "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
						     method);

	return r < 0 ? err_set(err, r, "prepare %s for systemd", method) : 0;
}

int systemd_bus_call(struct systemd_bus *b, const char *method, sd_bus_message *m, char *ret_name,
		     sd_bus_message **ret_reply, struct err *err)
{
	sd_bus_error e = { 0 };
	uint64_t left = systemd_bus_left(b);
	/* A limit of 0 would be sd-bus's default of 25 seconds. */
	int r = b->f->sd_bus_call(b->bus, m, left ? left : 1, &e, ret_reply);

	b->f->sd_bus_message_unref(m);
	if (r < 0) {
		if (ret_name)
			snprintf(ret_name, 256, "%s", e.name ? e.name : "");
		if (e.message)
			err_say(err, r, "systemd: %s: %s", method, e.message);
		else
			err_set(err, r, "systemd: %s", method);
	}
	b->f->sd_bus_error_free(&e);
	return r < 0 ? r : 0;
}
