/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of the process itself. */
#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

int probe_caps(int argc, char **argv)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	(void)argc;
	(void)argv;
	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
		    strncmp(line, "Seccomp", 7) == 0) {
			char name[32], value[64];

			if (sscanf(line, "%31[^:]: %63s", name, value) == 2)
				printf("%s=%s\n", name, value);
		}
	printf("securebits=%d\n", prctl(PR_GET_SECUREBITS));
	printf("keepcaps=%d\n", prctl(PR_GET_KEEPCAPS));
	printf("dumpable=%d\n", prctl(PR_GET_DUMPABLE));
	printf("pdeathsig=");
	int sig = -1;
	prctl(PR_GET_PDEATHSIG, &sig);
	printf("%d\n", sig);
	printf("subreaper=");
	prctl(PR_GET_CHILD_SUBREAPER, &sig);
	printf("%d\n", sig);
	return 0;
}

int probe_ids(int argc, char **argv)
{
	uid_t r, e, s;
	gid_t groups[1024];
	int n;
	mode_t mask = umask(0);

	(void)argc;
	(void)argv;
	getresuid(&r, &e, &s);
	printf("uid=%u,%u,%u\n", r, e, s);
	getresgid(&r, &e, &s);
	printf("gid=%u,%u,%u\n", r, e, s);
	n = getgroups(1024, groups);
	printf("groups=");
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	printf("\numask=%04o\n", mask);
	printf("sid=%d pid=%d pgid=%d\n", getsid(0), getpid(), getpgid(0));
	return 0;
}

int probe_keyring(int argc, char **argv)
{
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	char text[256] = "";

	printf("id=%ld\n", id);
	if (id > 0 && syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof(text)) > 0)
		printf("description=%s\n", text);
	if (argc > 1) {
		long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", argv[1], 0);

		printf("key=%s\n", key > 0 ? "found" : strerrorname_np(errno));
	}
	return 0;
}
