/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a run, as it grows: the process, its namespaces, its cgroup.
 */
#ifndef HUSK_RUN_RECORD_H
#define HUSK_RUN_RECORD_H

#include "run.h"

/* Write r->record with what the run knows of the cgroup. */
int run_record_write(struct run *r, struct err *err);
/* What is known of init, its namespaces among it, into r->record. */
void run_record_process(struct run *r);
/* Free what the run put into the record. */
void run_record_done(struct husk_record *record);
/* The inode of a namespace of a process (0: of this one). */
int run_namespace_inode(pid_t pid, enum oci_namespace_type type, uint64_t *ret);
/* CLONE_NEW* flags of the namespaces in which a process is and the caller is not. */
uint64_t run_namespaces_of(pid_t pid);

#endif
