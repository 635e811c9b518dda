/* SPDX-License-Identifier: Apache-2.0 */
/* Version and commit; a file of its own so that a new commit compiles nothing else again. */
#include "version.h"

#include "commit.h"

const char husk_version[] = PACKAGE_VERSION;
const char husk_commit[] = HUSK_COMMIT;
