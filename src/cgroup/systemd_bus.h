/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to src/cgroup: sd-bus, loaded from libsystemd on first use, and a connection to the manager.
 * The declarations are our own, so that building needs no libsystemd; its ABI is stable.
 */
#ifndef HUSK_CGROUP_SYSTEMD_BUS_H
#define HUSK_CGROUP_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

typedef struct sd_bus sd_bus;
typedef struct sd_bus_message sd_bus_message;
typedef struct sd_bus_slot sd_bus_slot;
typedef struct sd_bus_error {
	const char *name, *message;
	int need_free;
} sd_bus_error;
typedef int (*sd_bus_message_handler_t)(sd_bus_message *m, void *user, sd_bus_error *error);

/* One row a function: type, name, arguments. */
#define SD_BUS_FUNCTIONS(X) \
	X(int, sd_bus_new, (sd_bus **ret)) \
	X(int, sd_bus_set_address, (sd_bus *bus, const char *address)) \
	X(int, sd_bus_start, (sd_bus *bus)) \
	X(int, sd_bus_open_system, (sd_bus **ret)) \
	X(int, sd_bus_open_user, (sd_bus **ret)) \
	X(int, sd_bus_is_ready, (sd_bus *bus)) \
	X(sd_bus *, sd_bus_close_unref, (sd_bus *bus)) \
	X(int, sd_bus_add_match, (sd_bus *bus, sd_bus_slot **slot, const char *match, sd_bus_message_handler_t fn, void *user)) \
	X(int, sd_bus_process, (sd_bus *bus, sd_bus_message **ret)) \
	X(int, sd_bus_wait, (sd_bus *bus, uint64_t usec)) \
	X(int, sd_bus_call, (sd_bus *bus, sd_bus_message *m, uint64_t usec, sd_bus_error *error, sd_bus_message **reply)) \
	X(int, sd_bus_message_new_method_call, (sd_bus *bus, sd_bus_message **m, const char *destination, const char *path, \
						const char *interface, const char *member)) \
	X(int, sd_bus_message_append, (sd_bus_message *m, const char *types, ...)) \
	X(int, sd_bus_message_append_array, (sd_bus_message *m, char type, const void *ptr, size_t size)) \
	X(int, sd_bus_message_open_container, (sd_bus_message *m, char type, const char *contents)) \
	X(int, sd_bus_message_close_container, (sd_bus_message *m)) \
	X(int, sd_bus_message_read, (sd_bus_message *m, const char *types, ...)) \
	X(sd_bus_message *, sd_bus_message_unref, (sd_bus_message *m)) \
	X(void, sd_bus_error_free, (sd_bus_error *e))

struct sd_bus_functions {
#define X(type, name, args) type (*name) args;
	SD_BUS_FUNCTIONS(X)
#undef X
};

struct systemd_bus {
	const struct sd_bus_functions *f;
	sd_bus *bus;
	bool user_manager;
	long long deadline;             /* of everything that is done over it, clock_ms */
};

int systemd_bus_open(bool user_manager, int timeout_ms, struct systemd_bus *ret, struct err *err);
void systemd_bus_close(struct systemd_bus *b);

/* A message for a method of the manager. */
int systemd_bus_new_call(struct systemd_bus *b, const char *method, sd_bus_message **ret, struct err *err);
/* Send it (and free it), wait for the reply until the deadline. *ret_name (256 bytes) gets the name of the
 * D-Bus error on failure; ret_reply may be NULL. */
int systemd_bus_call(struct systemd_bus *b, const char *method, sd_bus_message *m, char *ret_name,
		     sd_bus_message **ret_reply, struct err *err);
/* Microseconds until the deadline; 0: it is over. */
uint64_t systemd_bus_left(const struct systemd_bus *b);

#endif
