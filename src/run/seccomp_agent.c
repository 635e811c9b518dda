/* SPDX-License-Identifier: Apache-2.0 */
/* Handing the notification descriptor to the seccomp agent; see seccomp_agent.h. */
#include "seccomp_agent.h"

#include "util/err.h"
#include "util/mem.h"
#include "util/unix_socket.h"

int seccomp_agent_send(const char *path, const char *metadata, const struct husk_record *record, const char *status,
		       pid_t pid, int listener_fd, struct err *err)
{
	char *names[] = { (char *)"seccompFd" };
	struct oci_state state = {
		.oci_version = (char *)OCISPEC_VERSION,
		.id = record->id,
		.pid = record->has_pid ? record->pid : pid,
		.has_pid = true,
		.status = (char *)status,
		.bundle = record->bundle,
		.annotations = record->annotations,
		.n_annotations = record->n_annotations,
	};
	struct oci_seccomp_state document = {
		.oci_version = (char *)OCISPEC_VERSION,
		.fds = names,
		.n_fds = 1,
		.pid = pid,
		.has_pid = true,
		.metadata = (char *)metadata,
		.state = &state,
	};
	_cleanup_free_ char *text = NULL;
	size_t len;

	int r = oci_seccomp_state_write(&document, 0, &text, &len);
	if (r < 0)
		return err_set(err, r, "write the state for the seccomp agent");
	return unix_socket_deliver("seccomp agent's socket", path, text, len, listener_fd, err);
}
