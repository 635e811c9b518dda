/* SPDX-License-Identifier: Apache-2.0 */
/* `husk spec`: write a config.json that runs a shell and is a place to begin. */
#include "cmd.h"
#include "ocispec.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

int cmd_spec(const struct global *g, const struct options *o);

/* The parts that are the same for everybody; what depends on the caller is between them. */
static const char process[] =
	"{\"ociVersion\":\"" OCISPEC_VERSION "\",\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},"
	"\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{"
	"\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":1024}],\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"husk\",\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},";

static const char ordinary_mounts[] =
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}]";

/* A user namespace with one id has no group 5, and no sysfs of its own while the network is the host's. */
static const char rootless_mounts[] =
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]},"
	"{\"destination\":\"/sys\",\"type\":\"none\",\"source\":\"/sys\","
	"\"options\":[\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}]";

static const char paths[] =
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/kcore\",\"/proc/keys\","
	"\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/proc/scsi\","
	"\"/sys/firmware\",\"/sys/devices/virtual/powercap\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

static bool is_cgroup2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static void compose(struct buf *b, bool rootless)
{
	buf_adds(b, process);
	buf_adds(b, rootless ? rootless_mounts : ordinary_mounts);
	buf_adds(b, ",\"linux\":{");
	if (rootless)
		buf_addf(b,
			 "\"uidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":1}],"
			 "\"gidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":1}],",
			 (unsigned)geteuid(), (unsigned)getegid());
	else
		buf_adds(b, "\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},");
	buf_adds(b, "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"}");
	buf_adds(b, rootless ? ",{\"type\":\"user\"}" : ",{\"type\":\"network\"}");
	if (is_cgroup2())
		buf_adds(b, ",{\"type\":\"cgroup\"}");
	buf_adds(b, "],");
	buf_adds(b, paths);
}

/* Through reader and writer: what is written is checked, and laid out for people. */
static int lay_out(const struct buf *b, char **ret, size_t *ret_len, struct err *err)
{
	const struct oci_read_options options = { .name = "config.json" };
	struct oci_errors errors = { 0 };
	struct oci_arena *arena = NULL;
	const struct oci_config *config;
	int r = oci_config_read(b->data, b->len, &options, &arena, &config, &errors);

	if (r == 0)
		r = oci_config_write(config, 2, ret, ret_len);
	if (r < 0)
		err_say(err, r, "make the configuration: %s", errors.text ? errors.text : "?");
	oci_errors_done(&errors);
	oci_arena_free(arena);
	return r;
}

static int write_new(const char *path, const char *text, size_t len, struct err *err)
{
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0666);

	if (fd == -EEXIST)
		return err_say(err, fd, "%s already exists; remove it first", path);
	if (fd < 0)
		return err_set(err, fd, "create %s", path);
	int r = fd_write_all(fd, text, len);
	if (r == 0 && (len == 0 || text[len - 1] != '\n'))
		r = fd_write_all(fd, "\n", 1);
	if (r == 0)
		return 0;
	unlink(path);
	return err_set(err, r, "write %s", path);
}

int cmd_spec(const struct global *g, const struct options *o)
{
	const char *bundle = option_string(o, "bundle"), *name = option_string(o, "config");
	_cleanup_free_ char *path = path_join(bundle ? bundle : ".", name ? name : "config.json"), *text = NULL;
	_cleanup_buf_ struct buf b = { 0 };
	struct err err = { 0 };
	size_t len = 0;

	(void)g;
	compose(&b, option_flag(o, "rootless"));
	int r = lay_out(&b, &text, &len, &err);
	if (r == 0)
		r = write_new(path, text, len, &err);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
