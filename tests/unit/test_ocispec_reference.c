/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference.md says what schema.def says. */
#include "ocispec_files.h"
#include "reference.h"
#include "unit.h"

static void test_page_is_current(void)
{
	struct file page = file_read(source_path("docs/reference.md"));
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	REQUIRE(page.text && out);
	oci_reference_print(out);
	fclose(out);
	CHECK_SAY(len == page.len && memcmp(text, page.text, len) == 0, "docs/reference.md is stale: run make docs");
	free(text);
	free(page.text);
}

int main(void)
{
	UNIT(test_page_is_current);
	return unit_done();
}
