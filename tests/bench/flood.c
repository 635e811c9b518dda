/* SPDX-License-Identifier: Apache-2.0 */
/* flood N: make N processes that wait, say so in /ready, and wait. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return 1;
		if (pid == 0)
			for (;;)
				pause();
	}
	if (open("/ready", O_CREAT | O_WRONLY | O_CLOEXEC, 0644) < 0)
		return 1;
	for (;;)
		pause();
}
