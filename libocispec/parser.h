/* SPDX-License-Identifier: Apache-2.0 */
/* yajl's parser, for a process that may run out of memory: yajl takes for granted that it gets what it asks for. */
#ifndef OCISPEC_PARSER_H
#define OCISPEC_PARSER_H

#include <yajl/yajl_parse.h>

/* Make a parser with these callbacks, which get user, let body use it, and free it. 0; or -ENOMEM: yajl got no memory, and
 * body was left in the middle of one of yajl's functions (so it holds nothing of its own while it calls one). */
int oci_parser_use(const yajl_callbacks *callbacks, void *user, void (*body)(yajl_handle parser, void *user));

#endif
