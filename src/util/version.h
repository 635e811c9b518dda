/* SPDX-License-Identifier: Apache-2.0 */
/* What this husk is: for --version, features and the record. */
#ifndef HUSK_VERSION_H
#define HUSK_VERSION_H

extern const char husk_version[];       /* "0.1.0" */
extern const char husk_commit[];        /* of git, with -dirty where files were changed; "unknown" outside a checkout */

#endif
