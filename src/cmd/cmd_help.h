/* SPDX-License-Identifier: Apache-2.0 */
/* Help, made from the table of commands. */
#ifndef HUSK_CMD_HELP_H
#define HUSK_CMD_HELP_H

#include "cmd.h"

#include <stdio.h>

void help_print(FILE *out);                                     /* husk --help */
void help_print_command(const struct command *c, FILE *out);    /* husk COMMAND --help */
int help_no_command(const char *name);                          /* there is none: say so; the exit status */

#endif
