/* SPDX-License-Identifier: Apache-2.0 */
/* `husk features`: print the features document. */
#include "cmd.h"
#include "features.h"
#include "util/err.h"
#include "util/mem.h"

#include <stdio.h>

int cmd_features(const struct global *g, const struct options *o);

int cmd_features(const struct global *g, const struct options *o)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };

	(void)g;
	(void)o;
	int r = features_json(2, &text);
	if (r < 0) {
		err_set(&err, r, "write the features");
		return cmd_fail(&err, 1);
	}
	puts(text);
	return 0;
}
