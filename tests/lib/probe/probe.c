/* SPDX-License-Identifier: Apache-2.0 */
/* The table of probes. */
#include <stdio.h>
#include <string.h>

#include "probe.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} probes[] = {
	{ "bomb", probe_bomb },       { "call", probe_call },
	{ "caps", probe_caps },       { "caught", probe_caught },
	{ "clock", probe_clock },     { "exchange", probe_exchange },
	{ "fds", probe_fds },         { "ids", probe_ids },
	{ "ignore", probe_ignore },   { "keyring", probe_keyring },
	{ "many", probe_many },       { "notify", probe_notify },
	{ "open", probe_open },       { "overwrite", probe_overwrite },
	{ "rlimits", probe_rlimits }, { "sched", probe_sched },
	{ "signals", probe_signals }, { "tty", probe_tty },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(probes) / sizeof(probes[0]); i++)
		if (strcmp(probes[i].name, argv[1]) == 0)
			return probes[i].run(argc - 1, argv + 1);
	fprintf(stderr, "probe: no such probe\n");
	return 2;
}
