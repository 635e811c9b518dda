/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of cgroup v1 that mean something else on v2. */
#include "resources.h"
#include "util/err.h"

#include <errno.h>

/* Logarithm to base 2 and power of e by series: libm would cost each start of husk a library. */
static double log2_of(double x)
{
	const double ln2 = 0.693147180559945309417;
	double whole = 0, sum = 0;

	for (; x >= 2; x /= 2)
		whole++;
	/* ln x = 2 artanh((x-1)/(x+1)), 1 <= x < 2 */
	double t = (x - 1) / (x + 1), power = t;
	for (int i = 1; i < 60; i += 2, power *= t * t)
		sum += power / i;
	return whole + 2 * sum / ln2;
}

static double exp_of(double x)
{
	double sum = 1, term = 1;

	for (int i = 1; i < 200; i++) {
		term *= x / i;
		sum += term;
	}
	return sum;
}

uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	const double ln10 = 2.302585092994045684018;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/* The parabola through (2, 1), (1024, 100) and (262144, 10000) on logarithmic axes. */
	double l = log2_of((double)shares);
	double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
	double weight = exp_of(exponent * ln10);
	/* Rounded up, but for what is a whole number but for the last bits. */
	uint64_t whole = (uint64_t)weight;
	return weight - (double)whole > 1e-12 * weight ? whole + 1 : whole;
}

uint64_t cgroup_io_weight_from_blkio(uint64_t weight)
{
	if (weight == 0)
		return 0;
	if (weight < 10)
		weight = 10;
	if (weight > 1000)
		weight = 1000;
	return 1 + (weight - 10) * 9999 / 990;
}

int cgroup_swap_from_memsw(int64_t swap, int64_t limit, int64_t *ret, bool *ret_set, struct err *err)
{
	int64_t value = swap;

	/* On v1, unlimited memory alone leaves swap unlimited. */
	if (swap == 0 && limit == -1)
		value = -1;
	if (swap > 0 && limit <= 0)
		return err_say(err, -EINVAL,
			       "memory.swap needs memory.limit: on cgroup v2 swap is limited by itself, to "
			       "swap - limit");
	if (swap > 0 && swap < limit)
		return err_say(err, -EINVAL, "memory.swap (memory and swap together) is less than memory.limit");
	if (swap > 0)
		value = swap - limit;
	*ret_set = swap > 0 || value == -1;
	*ret = value;
	return 0;
}
