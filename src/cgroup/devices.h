/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/cgroup: the two ways to carry out the allowed device list. */
#ifndef HUSK_CGROUP_DEVICES_H
#define HUSK_CGROUP_DEVICES_H

#include "cgroup.h"

#include <linux/bpf.h>

#define CGROUP_DEVICE_ALL_ACCESS (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* So many rules at the most, those of husk's own included, have room in a program. */
#define CGROUP_DEVICE_RULES_MAX 4000
/* The program for rules: each bit of an access is decided by the last rule that matches it; no rule: denied.
 * malloc'ed. Pure. */
void cgroup_device_program(const struct cgroup_device_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n);
/* Load it, attach it to the directory, and detach those that were there before; fresh: there are none. */
int cgroup_devices_ebpf(int dir_fd, bool fresh, const struct cgroup_device_rule *rules, size_t n, struct err *err);

/* The lines to write, in order: "+c 1:3 rwm" for devices.allow, "-a" for devices.deny. A rule that v1 cannot
 * express (a hole in an earlier, wider one) is an error. malloc'ed vector of malloc'ed lines. Pure. */
int cgroup_device_lines(const struct cgroup_device_rule *rules, size_t n, char ***ret, size_t *ret_n, struct err *err);
int cgroup_devices_v1(int dir_fd, const struct cgroup_device_rule *rules, size_t n, struct err *err);

#endif
