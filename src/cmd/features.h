/* SPDX-License-Identifier: Apache-2.0 */
/* What husk can do, as the specification's features document (features.md). */
#ifndef HUSK_FEATURES_H
#define HUSK_FEATURES_H

/* The document as JSON text, malloc'ed. Its lists are the tables that do the work. */
int features_json(unsigned indent, char **ret);

#endif
