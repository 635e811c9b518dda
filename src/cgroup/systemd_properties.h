/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/cgroup: properties of a systemd unit. */
#ifndef HUSK_CGROUP_SYSTEMD_PROPERTIES_H
#define HUSK_CGROUP_SYSTEMD_PROPERTIES_H

#include "systemd_bus.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A property: its D-Bus type says which member counts. */
struct systemd_property {
	const char *name;
	char type;                      /* 't' number, 'b' boolean, 's' text, 'y' a set of bits (ay), 'w' words */
	uint64_t number;
	char *text;
	uint8_t *bits;
	size_t n_bits;                  /* bytes of bits */
	char *words_name;               /* words: the name, */
	char *words_type;               /* their D-Bus type, b i u t s, or as, ay, */
	char **words;                   /* and one for each element */
	size_t n_words;
};
struct systemd_properties {
	struct systemd_property *v;
	size_t n;
};
void systemd_properties_done(struct systemd_properties *p);
void systemd_properties_add_number(struct systemd_properties *p, const char *name, uint64_t value);
void systemd_properties_add_bool(struct systemd_properties *p, const char *name, bool value);
/* A list as "0-2,7" as a set of bits; -EINVAL when it is none. */
int systemd_properties_add_list(struct systemd_properties *p, const char *name, const char *list);
/* Of any type; what is not an array has one word. */
void systemd_properties_add_words(struct systemd_properties *p, const char *name, const char *type, const char *const *words,
				  size_t n);
/* "0-2,7" as systemd's set of bits, lowest first. -EINVAL when it is no list. malloc'ed. */
int systemd_bits_from_list(const char *list, uint8_t **ret, size_t *ret_n);

/* Append them to an open array of (sv). */
int systemd_properties_append(struct systemd_bus *b, sd_bus_message *m, const struct systemd_properties *p);

#endif
