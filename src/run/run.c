/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a plan: what it holds; see run.h. */
#include "run.h"

#include "util/fd.h"

void run_init(struct run *r)
{
	*r = (struct run){
		.sync_fd = -1, .init_pid_fd = -1, .console_fd = -1, .seccomp_fd = -1, .executor_pid_fd = -1
	};
	for (size_t i = 0; i < PLAN_SLOTS; i++)
		r->slots[i] = -1;
}

void run_done(struct run *r)
{
	for (size_t i = 0; i < PLAN_SLOTS; i++)
		r->slots[i] = fd_close(r->slots[i]);
	r->sync_fd = fd_close(r->sync_fd);
	r->init_pid_fd = fd_close(r->init_pid_fd);
	r->executor_pid_fd = fd_close(r->executor_pid_fd);
	r->console_fd = fd_close(r->console_fd);
	r->seccomp_fd = fd_close(r->seccomp_fd);
}
