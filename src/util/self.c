/* SPDX-License-Identifier: Apache-2.0 */
/* This process; see self.h. */
#include "self.h"

#include <unistd.h>

pid_t self_pid(void)
{
	static pid_t pid;

	if (!pid)
		pid = getpid();
	return pid;
}
