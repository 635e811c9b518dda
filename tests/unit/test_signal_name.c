/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name. */
#include "unit.h"
#include "util/signal_name.h"

#include <signal.h>

static void test_names(void)
{
	static const char *const all[] = { "HUP", "INT", "KILL", "TERM", "USR1", "WINCH", "CHLD", "STOP", "SYS" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char longer[16];
		int sig = signal_from_name(all[i]);
		CHECK_SAY(sig > 0, "%s is not known", all[i]);
		snprintf(longer, sizeof(longer), "SIG%s", all[i]);
		CHECK_INT(signal_from_name(longer), sig);
		CHECK_STR(signal_to_name(sig), all[i]);
	}
	CHECK_INT(signal_from_name("sigterm"), SIGTERM);
	CHECK_INT(signal_from_name("kIlL"), SIGKILL);
	CHECK(signal_to_name(40) == NULL);
}

static void test_numbers(void)
{
	CHECK_INT(signal_from_name("9"), 9);
	CHECK_INT(signal_from_name("0"), 0);
	CHECK_INT(signal_from_name("64"), 64);
	CHECK_INT(signal_from_name("65"), -EINVAL);
	CHECK_INT(signal_from_name("-9"), -EINVAL);
	CHECK_INT(signal_from_name("9x"), -EINVAL);
	CHECK_INT(signal_from_name(""), -EINVAL);
	CHECK_INT(signal_from_name("99999999999999999999"), -EINVAL);
}

static void test_realtime(void)
{
	CHECK_INT(signal_from_name("RTMIN"), SIGRTMIN);
	CHECK_INT(signal_from_name("SIGRTMIN+3"), SIGRTMIN + 3);
	CHECK_INT(signal_from_name("sigrtmax-1"), SIGRTMAX - 1);
	CHECK_INT(signal_from_name("RTMIN+99"), -EINVAL);
	CHECK_INT(signal_from_name("RTMIN+"), -EINVAL);
	CHECK_INT(signal_from_name("RTMIN-1"), -EINVAL);
	CHECK_INT(signal_from_name("SIG"), -EINVAL);
	CHECK_INT(signal_from_name("SIG9"), -EINVAL);
}

int main(void)
{
	UNIT(test_names);
	UNIT(test_numbers);
	UNIT(test_realtime);
	return unit_done();
}
