/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3), for programs that have none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "probe.h"

int probe_notify(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (!path || fd < 0) {
		fprintf(stderr, "probe: no NOTIFY_SOCKET\n");
		return 1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (int i = 1; i < argc; i++)
		if (sendto(fd, argv[i], strlen(argv[i]), 0, (struct sockaddr *)&address, sizeof(address)) < 0) {
			perror("probe: sendto");
			return 1;
		}
	return 0;
}
