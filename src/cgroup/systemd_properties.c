/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of a systemd unit: a list that grows, and its way into a D-Bus message; see systemd_properties.h. */
#include "systemd_properties.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CPU_MAX 65536

void systemd_properties_done(struct systemd_properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].text);
		free(p->v[i].bits);
		free(p->v[i].words_name);
		free(p->v[i].words_type);
		for (size_t k = 0; k < p->v[i].n_words; k++)
			free(p->v[i].words[k]);
		free(p->v[i].words);
	}
	free(p->v);
	*p = (struct systemd_properties){ 0 };
}

static struct systemd_property *add(struct systemd_properties *p, const char *name, char type)
{
	p->v = mem_grow(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n] = (struct systemd_property){ .name = name, .type = type };
	return &p->v[p->n++];
}

void systemd_properties_add_number(struct systemd_properties *p, const char *name, uint64_t value)
{
	add(p, name, 't')->number = value;
}

void systemd_properties_add_bool(struct systemd_properties *p, const char *name, bool value)
{
	add(p, name, 'b')->number = value;
}

int systemd_bits_from_list(const char *list, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint8_t *bits = mem_alloc(CPU_MAX / 8);
	size_t n = 0;

	for (const char *p = list; *p;) {
		char *end;
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		unsigned long first = strtoul(p, &end, 10), last = first;
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPU_MAX || (*end && *end != ','))
			return -EINVAL;
		for (unsigned long i = first; i <= last; i++)
			bits[i / 8] |= (uint8_t)(1u << i % 8);
		n = last / 8 + 1 > n ? last / 8 + 1 : n;
		p = end + (*end == ',');
	}
	*ret = take(bits);
	*ret_n = n;
	return 0;
}

int systemd_properties_add_list(struct systemd_properties *p, const char *name, const char *list)
{
	uint8_t *bits;
	size_t n;
	int r = systemd_bits_from_list(list, &bits, &n);

	if (r < 0)
		return r;
	struct systemd_property *property = add(p, name, 'y');
	property->bits = bits;
	property->n_bits = n;
	return 0;
}

void systemd_properties_add_words(struct systemd_properties *p, const char *name, const char *type,
				  const char *const *words, size_t n)
{
	struct systemd_property *property = add(p, NULL, 'w');

	property->name = property->words_name = mem_strdup(name);
	property->words_type = mem_strdup(type);
	property->words = mem_alloc((n + 1) * sizeof(char *));
	for (size_t i = 0; i < n; i++)
		property->words[property->n_words++] = mem_strdup(words[i]);
}

/* One word as a value of a basic type. */
static int append_word(struct systemd_bus *b, sd_bus_message *m, const char *type, const char *word)
{
	const struct sd_bus_functions *f = b->f;

	switch (type[0]) {
	case 'b': return f->sd_bus_message_append(m, type, (int)(strcmp(word, "true") == 0));
	case 's': return f->sd_bus_message_append(m, type, word);
	case 't': return f->sd_bus_message_append(m, type, (uint64_t)strtoull(word, NULL, 10));
	case 'u': return f->sd_bus_message_append(m, type, (uint32_t)strtoul(word, NULL, 10));
	case 'i': return f->sd_bus_message_append(m, type, (int32_t)strtol(word, NULL, 10));
	case 'y': return f->sd_bus_message_append(m, type, (int)(uint8_t)strtoul(word, NULL, 10));
	default: return -EINVAL;
	}
}

static int append_words(struct systemd_bus *b, sd_bus_message *m, const struct systemd_property *p)
{
	const struct sd_bus_functions *f = b->f;
	bool is_array = p->words_type[0] == 'a';
	int r;

	if ((r = f->sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
	    (r = f->sd_bus_message_append(m, "s", p->name)) < 0 ||
	    (r = f->sd_bus_message_open_container(m, 'v', p->words_type)) < 0 ||
	    (is_array && (r = f->sd_bus_message_open_container(m, 'a', p->words_type + 1)) < 0))
		return r;
	for (size_t i = 0; r >= 0 && i < p->n_words; i++)
		r = append_word(b, m, p->words_type + is_array, p->words[i]);
	for (int i = 0; r >= 0 && i < 2 + is_array; i++)
		r = f->sd_bus_message_close_container(m);
	return r;
}

static int append_one(struct systemd_bus *b, sd_bus_message *m, const struct systemd_property *p)
{
	const struct sd_bus_functions *f = b->f;
	int r;

	if (p->type == 't')
		return f->sd_bus_message_append(m, "(sv)", p->name, "t", p->number);
	if (p->type == 'b')
		return f->sd_bus_message_append(m, "(sv)", p->name, "b", (int)p->number);
	if (p->type == 's')
		return f->sd_bus_message_append(m, "(sv)", p->name, "s", p->text);
	if (p->type == 'w')
		return append_words(b, m, p);
	if ((r = f->sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
	    (r = f->sd_bus_message_append(m, "s", p->name)) < 0 ||
	    (r = f->sd_bus_message_open_container(m, 'v', "ay")) < 0 ||
	    (r = f->sd_bus_message_append_array(m, 'y', p->bits, p->n_bits)) < 0 ||
	    (r = f->sd_bus_message_close_container(m)) < 0)
		return r;
	return f->sd_bus_message_close_container(m);
}

int systemd_properties_append(struct systemd_bus *b, sd_bus_message *m, const struct systemd_properties *p)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->n; i++)
		r = append_one(b, m, &p->v[i]);
	return r < 0 ? r : 0;
}
