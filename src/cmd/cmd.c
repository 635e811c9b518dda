/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands (cmd.def) as C, and how a command reports an error. */
#include "cmd.h"
#include "util/err.h"
#include "util/log.h"

#define COMMAND(id, name, alias, usage, min, max, stop, hidden, text, details) \
	int cmd_##id(const struct global *g, const struct options *o);
#define OPTION(name, letter, kind, value, text)
#define COMMAND_END
#include "cmd.def"
#undef COMMAND
#undef OPTION
#undef COMMAND_END

#define COMMAND(id, name, alias, usage, min, max, stop, hidden, text, details) \
	static const struct option_info options_of_##id[] = {
#define OPTION(name, letter, kind, value, text) { name, letter, OPTION_##kind, value, text },
#define COMMAND_END \
	{ \
		0 \
	} \
	} \
	;
#include "cmd.def"
#undef COMMAND
#undef OPTION
#undef COMMAND_END

const struct command commands[] = {
#define COMMAND(id, name, alias, usage, min, max, stop, hidden, text, details) \
	{ name, alias, usage, text, details, options_of_##id, min, max, stop, hidden, cmd_##id },
#define OPTION(name, letter, kind, value, text)
#define COMMAND_END
#include "cmd.def"
#undef COMMAND
#undef OPTION
#undef COMMAND_END
	{ 0 }
};

const struct option_info global_options[] = {
#define OPTION(name, letter, kind, value, text) { name, letter, OPTION_##kind, value, text },
#define GLOBAL_OPTIONS
#include "cmd.def"
#undef GLOBAL_OPTIONS
#undef OPTION
	{ 0 }
};

int cmd_fail(const struct err *e, int status)
{
	if (e->where[0])
		log_error("%s: %s", e->where, e->text);
	else
		log_error("%s", e->text);
	return status;
}
