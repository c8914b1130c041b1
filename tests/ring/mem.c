// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"

#define PAGE 4096

static int map_text_again(void *base, const struct memlog_layout *lay, int fd)
{
	char *text = (char *)base + lay->text_off;
	void *again = mmap(text + lay->text_map, lay->text_map,
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			   lay->text_off);

	return again == MAP_FAILED ? -1 : 0;
}

int mem_init(struct mem *mem, u64 text_size, u64 records, u32 generation)
{
	struct memlog_geometry geo = { .text_size = text_size, .records = records };
	struct memlog_layout lay;
	int fd;

	if (memlog_geometry_check(&geo))
		return -1;
	memlog_geometry_layout(&geo, PAGE, &lay);
	fd = memfd_create("ring", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, lay.map_size))
		return -1;
	mem->map_size = lay.map_size;
	mem->base = mmap(NULL, lay.map_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
	if (mem->base == MAP_FAILED || map_text_again(mem->base, &lay, fd))
		return -1;
	close(fd);
	memlog_buf_init(&mem->buf, mem->base, &geo, &lay);
	memlog_buf_start(&mem->buf, &lay, 1, generation);
	return 0;
}

void mem_uninit(struct mem *mem)
{
	munmap(mem->base, mem->map_size);
}

u64 mem_write(struct memlog_ring *ring, const char *text, u32 len, u8 flags)
{
	static const char comm[MEMLOG_COMM_LEN] __attribute__((aligned(8))) = "test";
	struct memlog_origin who = {
		.comm = comm, .pid = 1, .pri = MEMLOG_PRI_DEFAULT, .flags = flags,
	};
	u64 seq;

	port_lock(&ring->lock);
	port_copy_racy(memlog_ring_begin(ring, len), text, len);
	seq = memlog_ring_end(ring, len, &who);
	port_unlock(&ring->lock);
	return seq;
}
