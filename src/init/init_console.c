/* SPDX-License-Identifier: Apache-2.0 */
/* INIT op console_open: a new pseudoterminal of the container's own devpts. */
#include "init/init.h"

/* The ptmx of the devpts at /dev/pts, and of nothing else that may be found there. */
static int open_ptmx(struct init *c)
{
	struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	struct statfs fs;
	int dir = rootfs_open(c, "dev/pts", O_PATH | O_DIRECTORY), r;

	if (dir < 0)
		return dir;
	r = (int)sys(NR_fstatfs, dir, &fs);
	if (r == 0 && fs.type != DEVPTS_SUPER_MAGIC) {
		text_str(&c->text, "/dev/pts is no devpts");
		r = -ENODEV;
	}
	if (r == 0)
		r = (int)sys_retry(NR_openat2, dir, "ptmx", &how, sizeof(how));
	sys_close(&dir);
	return r;
}

static int open_peer(int master)
{
	int unlock = 0;
	long r = sys(NR_ioctl, master, TIOCSPTLCK, &unlock);

	return r < 0 ? (int)r : (int)sys_retry(NR_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* Size and owner. The modes stay as the kernel's: engines put their user's terminal in raw mode and count on CR LF. */
static int set_up(int slave, const struct op_args_CONSOLE_OPEN *a)
{
	struct winsize size = { .row = (uint16_t)a->height, .col = (uint16_t)a->width };
	long r = 0;

	if (a->height || a->width)
		r = sys(NR_ioctl, slave, TIOCSWINSZ, &size);
	if (r == 0)
		r = sys(NR_fchown, slave, a->uid, -1);
	return (int)r;
}

static int bind_console(struct init *c, int slave)
{
	int target = rootfs_make(c, "dev/console", false, 0600, LINK_REFUSE), fd, r;

	if (target < 0)
		return target;
	fd = mount_clone(slave, "", 0);
	r = fd < 0 ? fd : mount_attach(fd, target);
	sys_close(&fd);
	sys_close(&target);
	return r;
}

static int take_stdio(int slave)
{
	long r = 0;

	for (int fd = 0; r >= 0 && fd < 3; fd++)
		r = sys(NR_dup3, slave, fd, 0);
	if (r >= 0)
		r = sys(NR_ioctl, 0, TIOCSCTTY, 0);
	return r < 0 ? (int)r : 0;
}

int op_CONSOLE_OPEN(struct init *c, const struct op_args_CONSOLE_OPEN *a)
{
	int master = open_ptmx(c), slave, r;

	if (master < 0)
		return master;
	slave = open_peer(master);
	r = slave < 0 ? slave : set_up(slave, a);
	if (r == 0 && a->bind)
		r = bind_console(c, slave);
	if (r == 0 && a->stdio)
		r = take_stdio(slave);
	if (r == 0)
		init_send(c, SYNC_FD, 0, 0, master, SYNC_FD_CONSOLE);
	sys_close(&master);
	sys_close(&slave);
	return r;
}
