/* SPDX-License-Identifier: Apache-2.0 */
/* Prints docs/reference.md: run by `make docs`. */
#include "reference.h"

int main(void)
{
	oci_reference_print(stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
