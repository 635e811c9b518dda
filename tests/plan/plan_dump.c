/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the plan of a configuration on a host that is written down as facts; no root, no kernel, no container.
 *
 *     plan_dump [--run] [--no-pivot] [--no-keyring] [--listen-fds N] [--preserve-fds N] [--notify] [--systemd] [--pid-file F]
 *               [--listener] [--json] [--describe] [--exec PROCESS.json [--user-ns]] FACTS.json CONFIG.json
 *
 * A filter is not compiled here: where the configuration has one, eight bytes stand for it.
 */
#include "host/facts.h"
#include "plan/plan_build.h"

#include "ocispec.h"
#include "plan/plan_print.h"
#include "plan/plan_view.h"
#include "seccomp/seccomp.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

static struct exec_request exec_request = { .init_pid = 4242 };
static struct request request = { .id = "box", .bundle = "/bundle", .root = "/run/husk" };
static char filter[8];
static struct seccomp_program program = { .filter = filter, .size = sizeof(filter), .flags = 1 };
static const char *exec_path;
static bool json, describe;

static int fail(const struct err *e)
{
	printf("error: %s%s%s\n", e->where, e->where[0] ? ": " : "", e->text);
	return 1;
}

static char *read_text(const char *path, size_t *ret_len)
{
	char *text = NULL;

	int r = fd_read_file(AT_FDCWD, path, OCI_DOCUMENT_MAX, &text, ret_len);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path, err_reason(r));
		exit(2);
	}
	return text;
}

#define READ(type, path, arena, doc) \
	do { \
		size_t len_ = 0; \
		_cleanup_free_ char *text_ = read_text((path), &len_); \
		struct oci_read_options options_ = { .name = (path) }; \
		struct oci_errors errors_ = { 0 }; \
		if (type##_read(text_, len_, &options_, &(arena), &(doc), &errors_) < 0) { \
			printf("%s\n", errors_.text); \
			exit(1); \
		} \
	} while (0)

static void print(const struct plan_view *v)
{
	char words[256];

	if (json) {
		plan_print_json(v, stdout);
		return;
	}
	if (!describe) {
		plan_print_text(v, stdout);
		return;
	}
	for (uint32_t i = 0; i < v->header->n_ops; i++) {
		plan_describe_op(v, i, words, sizeof(words));
		printf("%s\n", words);
	}
}

static int dump(const struct plan *p)
{
	struct plan_view view;
	void *block = NULL;
	size_t size;

	for (size_t i = 0; i < p->n_warnings; i++)
		printf("warning: %s\n", p->warnings[i]);
	int r = plan_seal(p, 0, request_first_fd(&request), &block, &size);
	if (r < 0) {
		printf("error: plan_seal: %s\n", err_reason(r));
		return 1;
	}
	plan_view_init(&view, block);
	print(&view);
	free(block);
	return 0;
}

static int build(const struct oci_config *config, const struct oci_process *process, const struct facts *facts)
{
	struct err err = { 0 };
	struct plan p;

	plan_init(&p);
	int r = process ? plan_build_exec(&p, config, process, facts, &request, &err)
			: plan_build(&p, config, facts, &request, &err);
	int status = r < 0 ? fail(&err) : dump(&p);
	plan_done(&p);
	return status;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "run", no_argument, NULL, 'r' },
		{ "no-pivot", no_argument, NULL, 'p' },
		{ "no-keyring", no_argument, NULL, 'k' },
		{ "listen-fds", required_argument, NULL, 'l' },
		{ "preserve-fds", required_argument, NULL, 'P' },
		{ "notify", no_argument, NULL, 'n' },
		{ "systemd", no_argument, NULL, 's' },
		{ "listener", no_argument, NULL, 'L' },
		{ "json", no_argument, NULL, 'j' },
		{ "describe", no_argument, NULL, 'd' },
		{ "exec", required_argument, NULL, 'e' },
		{ "user-ns", no_argument, NULL, 'u' },
		{ "pid-file", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (c) {
		case 'r': request.run = true; break;
		case 'p': request.no_pivot = true; break;
		case 'k': request.no_new_keyring = true; break;
		case 'l': request.listen_fds = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'P': request.preserve_fds = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': request.notify_socket = "/run/systemd/notify"; break;
		case 's': request.driver = CGROUP_DRIVER_SYSTEMD; break;
		case 'L': program.listener = true; break;
		case 'j': json = true; break;
		case 'd': describe = true; break;
		case 'e': exec_path = optarg; break;
		case 'u': exec_request.user_ns = true; break;
		case 'f': request.pid_file = optarg; break;
		default: exit(2);
		}
	if (argc - optind != 2)
		exit(2);
}

int main(int argc, char **argv)
{
	struct oci_arena *arena = NULL, *process_arena = NULL;
	const struct oci_config *config = NULL;
	const struct oci_process *process = NULL;
	struct facts facts = { 0 };
	struct err err = { 0 };

	if (argc == 1) { /* among the unit tests */
		printf("skip plan_dump - tests/plan/run runs it\n");
		return 0;
	}
	parse(argc, argv);
	if (facts_read(argv[optind], &facts, &err) < 0)
		return fail(&err);
	READ(oci_config, argv[optind + 1], arena, config);
	if (exec_path) {
		READ(oci_process, exec_path, process_arena, process);
		exec_request.nstypes = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
		exec_request.nstypes |= exec_request.user_ns ? CLONE_NEWUSER : 0;
		request.exec = &exec_request;
	}
	if (config->linux_ && config->linux_->seccomp)
		request.seccomp = &program;
	int status = build(config, process, &facts);
	facts_done(&facts);
	oci_arena_free(arena);
	oci_arena_free(process_arena);
	return status;
}
