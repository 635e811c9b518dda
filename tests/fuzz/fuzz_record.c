/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: the salvage of a damaged record. Whatever the bytes are, what comes out is a record that reads. */
#include "container/state_salvage.h"
#include "ocispec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_read_options options = { .name = "fuzz" };
	const struct husk_record *record = NULL;
	struct oci_errors errors = { 0 };
	struct oci_arena *arena = NULL;
	char *text = malloc(size ? size : 1), *whole; /* of the exact size, so that reading past it is seen */

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	whole = state_salvage("fuzz", text, size);
	if (!whole || husk_record_read(whole, strlen(whole), &options, &arena, &record, &errors) < 0 || !record->id ||
	    strcmp(record->id, "fuzz") != 0)
		abort();
	oci_errors_done(&errors);
	oci_arena_free(arena);
	free(whole);
	free(text);
	return 0;
}
