/* SPDX-License-Identifier: Apache-2.0 */
/* Those of linux.resources that are lists: weights and throttles of devices, huge pages, RDMA, interfaces. */
#include "ocispec.h"
#include "resources.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <stdio.h>

#define POINTER_MAX 128

/* A controller that is not there: an error, unless only a zero asks for it (then *ret is 0). */
static int find_version(struct cgroup_build *b, const char *v1, const char *v2, bool asks, const char *pointer,
			int *ret)
{
	*ret = cgroup_controller_version(b->facts, v1, v2);
	if (*ret || !asks)
		return 0;
	return cgroup_build_missing(b, b->facts->layout == CGROUP_V2 && v2 ? v2 : v1, pointer);
}

static int build_weight(struct cgroup_build *b, const struct oci_weight_device *d, size_t i)
{
	char pointer[POINTER_MAX], value[128];
	int version;

	snprintf(pointer, sizeof(pointer), "blockIO/weightDevice/%zu/weight", i);
	int r = find_version(b, "blkio", "io", d->weight, pointer, &version);
	if (r < 0 || !version || !d->weight)
		return r;
	if (version == 1) {
		snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %u", d->major, d->minor, d->weight);
		cgroup_build_add(b, "blkio", "blkio.weight_device|blkio.bfq.weight_device", mem_strdup(value), 0, "%s",
				 pointer);
		return 0;
	}
	snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %u|%" PRId64 ":%" PRId64 " %" PRIu64, d->major,
		 d->minor, d->weight, d->major, d->minor, cgroup_io_weight_from_blkio(d->weight));
	cgroup_build_add(b, "io", "io.bfq.weight|io.weight", mem_strdup(value), 0, "%s", pointer);
	return 0;
}

static int build_leaf_weight(struct cgroup_build *b, const struct oci_weight_device *d, size_t i)
{
	char pointer[POINTER_MAX];

	if (!d->leaf_weight)
		return 0;
	snprintf(pointer, sizeof(pointer), "blockIO/weightDevice/%zu/leafWeight", i);
	if (cgroup_controller_version(b->facts, "blkio", NULL) != 1)
		return cgroup_build_missing(b, "blkio (v1, for leaf weights)", pointer);
	cgroup_build_add(b, "blkio", "blkio.leaf_weight_device",
			 mem_printf("%" PRId64 ":%" PRId64 " %u", d->major, d->minor, d->leaf_weight), 0, "%s",
			 pointer);
	return 0;
}

static int build_throttle(struct cgroup_build *b, const struct oci_throttle_device *d, const char *list, size_t i,
			  const char *v1_file, const char *v2_key)
{
	char pointer[POINTER_MAX];
	int version;

	snprintf(pointer, sizeof(pointer), "blockIO/%s/%zu/rate", list, i);
	int r = find_version(b, "blkio", "io", d->rate, pointer, &version);
	if (r < 0 || !version)
		return r;
	/* A rate of zero takes the limit away. */
	if (version == 1)
		cgroup_build_add(b, "blkio", v1_file,
				 mem_printf("%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor, d->rate),
				 d->rate ? 0 : CGROUP_WRITE_OPTIONAL, "%s", pointer);
	else if (d->rate)
		cgroup_build_add(b, "io", "io.max",
				 mem_printf("%" PRId64 ":%" PRId64 " %s=%" PRIu64, d->major, d->minor, v2_key, d->rate),
				 0, "%s", pointer);
	else
		cgroup_build_add(b, "io", "io.max",
				 mem_printf("%" PRId64 ":%" PRId64 " %s=max", d->major, d->minor, v2_key),
				 CGROUP_WRITE_OPTIONAL, "%s", pointer);
	return 0;
}

static int build_block_io(struct cgroup_build *b, const struct oci_block_io *io)
{
	const struct {
		const struct oci_throttle_device *v;
		size_t n;
		const char *list, *v1_file, *v2_key;
	} throttles[] = {
		{ io->throttle_read_bps_device, io->n_throttle_read_bps_device, "throttleReadBpsDevice",
		  "blkio.throttle.read_bps_device", "rbps" },
		{ io->throttle_write_bps_device, io->n_throttle_write_bps_device, "throttleWriteBpsDevice",
		  "blkio.throttle.write_bps_device", "wbps" },
		{ io->throttle_read_iops_device, io->n_throttle_read_iops_device, "throttleReadIOPSDevice",
		  "blkio.throttle.read_iops_device", "riops" },
		{ io->throttle_write_iops_device, io->n_throttle_write_iops_device, "throttleWriteIOPSDevice",
		  "blkio.throttle.write_iops_device", "wiops" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < io->n_weight_device; i++) {
		r = build_weight(b, &io->weight_device[i], i);
		if (r == 0)
			r = build_leaf_weight(b, &io->weight_device[i], i);
	}
	for (size_t k = 0; k < sizeof(throttles) / sizeof(throttles[0]); k++)
		for (size_t i = 0; r == 0 && i < throttles[k].n; i++)
			r = build_throttle(b, &throttles[k].v[i], throttles[k].list, i, throttles[k].v1_file,
					   throttles[k].v2_key);
	return r;
}

static int bad_name(struct cgroup_build *b, const char *pointer, const char *what, const char *name)
{
	_cleanup_free_ char *where = mem_printf("%s/%s", b->base, pointer);

	err_say(b->err, -EINVAL, "%s is no %s", name, what);
	err_where(b->err, where);
	return -EINVAL;
}

/* Reservations are limited where the kernel can (5.7), else use. */
static int build_hugepage(struct cgroup_build *b, const struct oci_hugepage_limit *h, size_t i)
{
	char pointer[POINTER_MAX];
	int version;

	snprintf(pointer, sizeof(pointer), "hugepageLimits/%zu/pageSize", i);
	if (h->page_size[strspn(h->page_size, "0123456789KMGTB")])
		return bad_name(b, pointer, "size of huge pages (as 2MB)", h->page_size);
	snprintf(pointer, sizeof(pointer), "hugepageLimits/%zu/limit", i);
	int r = find_version(b, "hugetlb", "hugetlb", h->limit, pointer, &version);
	if (r < 0 || !version)
		return r;
	const char *end = version == 1 ? "limit_in_bytes" : "max";
	_cleanup_free_ char *file =
		mem_printf("hugetlb.%s.rsvd.%s|hugetlb.%s.%s", h->page_size, end, h->page_size, end);
	cgroup_build_add(b, "hugetlb", file, mem_printf("%" PRIu64, h->limit), 0, "%s", pointer);
	return 0;
}

static int build_rdma(struct cgroup_build *b, const struct oci_rdma *d)
{
	char pointer[POINTER_MAX];
	_cleanup_buf_ struct buf value = { 0 };
	int version;

	snprintf(pointer, sizeof(pointer), "rdma/%s", d->key);
	if (!d->has_hca_handles && !d->has_hca_objects)
		return bad_name(b, pointer, "RDMA limit: it needs hcaHandles or hcaObjects", d->key);
	if (strpbrk(d->key, " \n"))
		return bad_name(b, pointer, "name of an RDMA device", d->key);
	int r = find_version(b, "rdma", "rdma", true, pointer, &version);
	if (r < 0)
		return r;
	buf_adds(&value, d->key);
	if (d->has_hca_handles)
		buf_addf(&value, " hca_handle=%" PRIu32, d->hca_handles);
	if (d->has_hca_objects)
		buf_addf(&value, " hca_object=%" PRIu32, d->hca_objects);
	cgroup_build_add(b, "rdma", "rdma.max", mem_strdup(value.data), 0, "%s", pointer);
	return 0;
}

static int build_priority(struct cgroup_build *b, const struct oci_interface_priority *p, size_t i)
{
	char pointer[POINTER_MAX];

	snprintf(pointer, sizeof(pointer), "network/priorities/%zu", i);
	if (cgroup_controller_version(b->facts, "net_prio", NULL) != 1)
		return p->priority ? cgroup_build_missing(b, "net_prio", pointer) : 0;
	if (strpbrk(p->name, " \n"))
		return bad_name(b, pointer, "name of a network interface", p->name);
	cgroup_build_add(b, "net_prio", "net_prio.ifpriomap", mem_printf("%s %" PRIu32, p->name, p->priority), 0, "%s",
			 pointer);
	return 0;
}

int cgroup_build_lists(struct cgroup_build *b)
{
	const struct oci_resources *res = b->res;
	int r = res->block_io ? build_block_io(b, res->block_io) : 0;

	for (size_t i = 0; r == 0 && i < res->n_hugepage_limits; i++)
		r = build_hugepage(b, &res->hugepage_limits[i], i);
	for (size_t i = 0; r == 0 && i < res->n_rdma; i++)
		r = build_rdma(b, &res->rdma[i]);
	for (size_t i = 0; r == 0 && res->network && i < res->network->n_priorities; i++)
		r = build_priority(b, &res->network->priorities[i], i);
	return r;
}
