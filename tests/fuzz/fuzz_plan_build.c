/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: the builder of plans. A configuration that reads gives a plan or an error that says something, on every
 * host that tests/plan/facts knows; a plan passes the executor's check, and can be printed.
 */
#include "host/facts.h"
#include "ocispec.h"
#include "plan/plan_build.h"
#include "plan/plan_print.h"
#include "plan/plan_view.h"
#include "seccomp/seccomp.h"
#include "util/err.h"

#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_HOSTS = 32 };

static struct facts hosts[MAX_HOSTS];
static size_t n_hosts;
static FILE *nowhere;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *source = getenv("HUSK_SOURCE");
	struct err err = { 0 };
	char pattern[4096];
	glob_t found;

	(void)argc;
	(void)argv;
	snprintf(pattern, sizeof(pattern), "%s/tests/plan/facts/*.json", source ? source : ".");
	if (glob(pattern, 0, NULL, &found) != 0)
		exit(2);
	for (size_t i = 0; i < found.gl_pathc && n_hosts < MAX_HOSTS; i++)
		if (facts_read(found.gl_pathv[i], &hosts[n_hosts++], &err) < 0)
			exit(2);
	globfree(&found);
	nowhere = fopen("/dev/null", "we");
	return nowhere ? 0 : 2;
}

static void seal(const struct plan *p, const struct request *request)
{
	struct plan_view view;
	void *block = NULL;
	size_t size;

	if (plan_seal(p, 0, request_first_fd(request), &block, &size) < 0)
		return; /* too large */
	if (plan_check(block, size, HUSK_BUILD_ID) < 0)
		abort();
	plan_view_init(&view, block);
	plan_print_text(&view, nowhere);
	plan_print_json(&view, nowhere);
	free(block);
}

static void build(const struct oci_config *config, const struct facts *facts)
{
	static char filter[8];
	struct seccomp_program program = { .filter = filter, .size = sizeof(filter), .flags = 1 };
	struct request request = { .id = "box", .bundle = "/bundle", .root = "/run/husk" };
	struct err err = { 0 };
	struct plan p;

	if (config->linux_ && config->linux_->seccomp)
		request.seccomp = &program;
	plan_init(&p);
	if (plan_build(&p, config, facts, &request, &err) == 0)
		seal(&p, &request);
	else if (!err.text[0])
		abort();
	plan_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_read_options options = { .name = "fuzz" };
	const struct oci_config *config = NULL;
	struct oci_errors errors = { 0 };
	struct oci_arena *arena = NULL;

	if (oci_config_read((const char *)data, size, &options, &arena, &config, &errors) == 0)
		for (size_t i = 0; i < n_hosts; i++)
			build(config, &hosts[i]);
	oci_errors_done(&errors);
	oci_arena_free(arena);
	return 0;
}
