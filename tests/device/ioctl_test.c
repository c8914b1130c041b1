// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls as an interface for ever: numbers, sizes, order of refusals. */
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "device.h"

#define SEEK_MODES	1	/* for readers */
#define STAMP_MODES	2	/* for writers */

static const struct call {
	const char *name;
	unsigned int nr;
	size_t size;
	int modes;		/* who may, 0 for all */
	bool privileged;
} calls[] = {
	{ .name = "INFO", .nr = 0, .size = sizeof(struct memlog_info) },
	{ .name = "SEEK", .nr = 1, .size = sizeof(struct memlog_seek),
	  .modes = SEEK_MODES },
	{ .name = "FORMAT", .nr = 2, .size = sizeof(struct memlog_format),
	  .modes = SEEK_MODES },
	{ .name = "STAMP", .nr = 3, .size = sizeof(struct memlog_stamp),
	  .modes = STAMP_MODES },
	{ .name = "CLEAR", .nr = 4, .size = sizeof(struct memlog_clear),
	  .privileged = true },
	{ .name = "RESIZE", .nr = 5, .size = sizeof(struct memlog_resize),
	  .privileged = true },
};

#define for_each_call(c) \
	for (c = calls; c < calls + ARRAY_SIZE(calls); c++)

/* The command of @c for a struct of @size bytes. */
static unsigned long cmd(const struct call *c, size_t size)
{
	return _IOC(_IOC_READ | _IOC_WRITE, MEMLOG_IOC_MAGIC, c->nr, size);
}

/* Arguments that are good for @c, in a buffer of zeros. */
static void good(const struct call *c, void *arg)
{
	struct memlog_stamp *stamp = arg;

	if (c->nr == 3)
		stamp->pri = MEMLOG_PRI_DEFAULT;
}

FIXTURE(ioctl)
{
	int rd;
	int wr;
	int rw;
	char *map;		/* five pages, and none behind them */
	char *end;
};

FIXTURE_SETUP(ioctl)
{
	ASSERT_EQ(0, dev_reset());
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rw = dev_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->rw);
	self->map = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->end = self->map + 5 * PAGE;
	ASSERT_EQ(0, munmap(self->end, PAGE));
}

FIXTURE_TEARDOWN(ioctl)
{
	munmap(self->map, 5 * PAGE);
	close(self->rd);
	close(self->wr);
	close(self->rw);
	dev_reset();
}

TEST(abi_is_pinned)
{
	/* To change one of these is to break programs that exist. */
	EXPECT_EQ(1, MEMLOG_ABI);
	EXPECT_EQ(64, sizeof(struct memlog_record));
	EXPECT_EQ(256, sizeof(struct memlog_control));
	EXPECT_EQ(0xc098bc00, MEMLOG_IOC_INFO);
	EXPECT_EQ(0xc030bc01, MEMLOG_IOC_SEEK);
	EXPECT_EQ(0xc008bc02, MEMLOG_IOC_FORMAT);
	EXPECT_EQ(0xc008bc03, MEMLOG_IOC_STAMP);
	EXPECT_EQ(0xc010bc04, MEMLOG_IOC_CLEAR);
	EXPECT_EQ(0xc018bc05, MEMLOG_IOC_RESIZE);
}

TEST(offsets_are_pinned)
{
#define AT(type, field, off) \
	EXPECT_EQ(off, offsetof(struct memlog_##type, field))
	AT(record, seq, 0);
	AT(record, pos, 8);
	AT(record, time_ns, 16);
	AT(record, cgroup, 24);
	AT(record, len, 32);
	AT(record, pid, 36);
	AT(record, uid, 40);
	AT(record, type, 44);
	AT(record, pri, 46);
	AT(record, flags, 47);
	AT(record, comm, 48);
	AT(control, abi, 0);
	AT(control, record_size, 4);
	AT(control, stream, 8);
	AT(control, desc_off, 16);
	AT(control, text_off, 24);
	AT(control, map_size, 32);
	AT(control, text_map, 40);
	AT(control, text_size, 48);
	AT(control, records, 56);
	AT(control, max_record, 64);
	AT(control, generation, 68);
	AT(control, retired, 72);
	AT(control, first_pos, 80);
	AT(control, oldest, 128);
	AT(control, next, 192);
	AT(control, next_pos, 200);
	AT(control, stepped, 208);
	AT(info, reader_seq, 88);
	AT(info, faults, 144);
	AT(seek, missed, 40);
	AT(stamp, pri, 6);
	AT(resize, text_size, 8);
#undef AT
}

TEST_F(ioctl, abi_of_the_device)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(MEMLOG_ABI, info.abi);
	EXPECT_EQ(0, info.flags);
	EXPECT_NE(0, info.stream);
}

TEST_F(ioctl, unknown_is_enotty)
{
	unsigned int nr, magic;

	for (nr = ARRAY_SIZE(calls); nr < 256; nr++) {
		EXPECT_EQ(-ENOTTY, dev_ioctl(self->wr,
			  _IOC(3, MEMLOG_IOC_MAGIC, nr, 8), NULL));
	}
	for (magic = 0; magic < 256; magic++) {
		/* 'T' and 0 hold what the VFS answers itself. */
		if (magic == MEMLOG_IOC_MAGIC || magic == 'T' || magic == 'f' ||
		    magic == 0 || magic == 'X' || magic == 'v')
			continue;
		EXPECT_EQ(-ENOTTY, dev_ioctl(self->rw, _IOC(3, magic, 0, 152),
					     NULL));
	}
	EXPECT_EQ(-ENOTTY, dev_ioctl(self->rw, 0x5401, self->map));
}

/* Direction bits say nothing: magic and number do. */
TEST_F(ioctl, any_direction)
{
	const struct call *c;
	unsigned int dir;

	for_each_call(c) {
		for (dir = 0; dir < 4; dir++) {
			memset(self->map, 0, c->size);
			good(c, self->map);
			EXPECT_EQ(0, dev_ioctl(self->rw,
				  _IOC(dir, MEMLOG_IOC_MAGIC, c->nr, c->size),
				  self->map)) {
				TH_LOG("%s, direction %u", c->name, dir);
			}
		}
	}
}

TEST_F(ioctl, wrong_mode_is_ebadf)
{
	const struct call *c;

	for_each_call(c) {
		/* Ahead of the fault, the size and all values. */
		if (c->modes == SEEK_MODES) {
			EXPECT_EQ(-EBADF, dev_ioctl(self->wr, cmd(c, c->size),
						    NULL));
			EXPECT_EQ(-EBADF, dev_ioctl(self->wr, cmd(c, 1),
						    self->map));
		}
		if (c->modes == STAMP_MODES) {
			EXPECT_EQ(-EBADF, dev_ioctl(self->rd, cmd(c, c->size),
						    NULL));
			EXPECT_EQ(-EBADF, dev_ioctl(self->rd, cmd(c, 1),
						    self->map));
		}
	}
}

TEST_F(ioctl, no_capability_is_eperm)
{
	const struct call *c;

	ASSERT_EQ(0, drop_to(65534));
	for_each_call(c) {
		if (!c->privileged)
			continue;
		EXPECT_EQ(-EPERM, dev_ioctl(self->rw, cmd(c, c->size), NULL));
		EXPECT_EQ(-EPERM, dev_ioctl(self->rw, cmd(c, 1), self->map));
		memset(self->map, 0xff, PAGE);
		EXPECT_EQ(-EPERM, dev_ioctl(self->rw, cmd(c, c->size + 8),
					    self->map));
	}
}

TEST_F(ioctl, no_memory_is_efault)
{
	const struct call *c;

	for_each_call(c) {
		EXPECT_EQ(-EFAULT, dev_ioctl(self->rw, cmd(c, c->size), NULL));
		EXPECT_EQ(-EFAULT, dev_ioctl(self->rw, cmd(c, c->size),
					     self->end - c->size + 1));
		EXPECT_EQ(-EFAULT, dev_ioctl(self->rw, cmd(c, c->size),
					     (void *)-PAGE));
		/* Ahead of the size, */
		EXPECT_EQ(-EFAULT, dev_ioctl(self->rw, cmd(c, 4), NULL)) {
			TH_LOG("%s", c->name);
		}
		/* and also in the tail. */
		EXPECT_EQ(-EFAULT, dev_ioctl(self->rw, cmd(c, c->size + 64),
					     self->end - c->size - 63)) {
			TH_LOG("%s", c->name);
		}
	}
}

TEST_F(ioctl, smaller_is_einval)
{
	const struct call *c;
	size_t size;

	for_each_call(c) {
		for (size = 0; size < c->size; size++) {
			memset(self->map, 0xff, PAGE);
			EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, cmd(c, size),
						     self->map)) {
				TH_LOG("%s of %zu bytes", c->name, size);
			}
		}
	}
}

TEST_F(ioctl, larger_with_zeros_is_fine)
{
	static const size_t more[] = { 1, 4, 7, 8, 64, 1000, 4096, 16000 };
	const struct call *c;
	size_t i;

	for_each_call(c) {
		for (i = 0; i < ARRAY_SIZE(more); i++) {
			size_t size = c->size + more[i];

			memset(self->map, 0, 5 * PAGE);
			good(c, self->map);
			self->map[size] = 'k';
			EXPECT_EQ(0, dev_ioctl(self->rw, cmd(c, size),
					       self->map)) {
				TH_LOG("%s and %zu bytes", c->name, more[i]);
			}
			EXPECT_EQ('k', self->map[size]);
			EXPECT_EQ(0, self->map[c->size]);
		}
	}
}

TEST_F(ioctl, larger_with_more_is_e2big)
{
	static const size_t at[] = { 0, 1, 7, 8, 100, 4095, 9000 };
	const struct call *c;
	size_t i;

	for_each_call(c) {
		for (i = 0; i < ARRAY_SIZE(at); i++) {
			memset(self->map, 0, 5 * PAGE);
			/* Ahead of the flags. */
			memset(self->map, 0xff, c->size);
			self->map[c->size + at[i]] = 1;
			EXPECT_EQ(-E2BIG, dev_ioctl(self->rw,
				  cmd(c, c->size + at[i] + 1), self->map)) {
				TH_LOG("%s at %zu", c->name, at[i]);
			}
		}
	}
}

TEST_F(ioctl, unknown_flags_are_einval)
{
	const struct call *c;
	int bit;

	for_each_call(c) {
		for (bit = 0; bit < 32; bit++) {
			/* QUIET is the one flag there is. */
			if (c->nr == 2 && bit == 0)
				continue;
			memset(self->map, 0, PAGE);
			good(c, self->map);
			*(__u32 *)self->map = 1U << bit;
			EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, cmd(c, c->size),
						     self->map)) {
				TH_LOG("%s bit %d", c->name, bit);
			}
		}
	}
}

TEST_F(ioctl, flags_come_before_values)
{
	struct memlog_seek s = { .flags = 1, .stream = 1 };

	EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, MEMLOG_IOC_SEEK, &s));
	s = (struct memlog_seek){ .flags = 1, .value = ~0ULL };
	EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, MEMLOG_IOC_SEEK, &s));
}

TEST_F(ioctl, reserved_fields)
{
	struct memlog_stamp stamp = { .pri = 13, .__reserved = 1 };
	struct memlog_clear clear = { .__reserved = 1 };

	EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, MEMLOG_IOC_STAMP, &stamp));
	EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, MEMLOG_IOC_CLEAR, &clear));
}

TEST_F(ioctl, values)
{
	struct memlog_seek seek = { .whence = 3 };
	int pri;

	EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, MEMLOG_IOC_SEEK, &seek));
	seek = (struct memlog_seek){ .whence = ~0U };
	EXPECT_EQ(-EINVAL, dev_ioctl(self->rw, MEMLOG_IOC_SEEK, &seek));
	EXPECT_EQ(-EINVAL, dev_format(self->rw, 2, 0));
	EXPECT_EQ(-EINVAL, dev_format(self->rw, ~0U, 0));
	EXPECT_EQ(-EINVAL, dev_stamp(self->rw, 0xffff, 13));
	for (pri = 0; pri < 256; pri++)
		EXPECT_EQ(pri < 8 || pri > 191 ? -EINVAL : 0,
			  dev_stamp(self->rw, 0, pri));
	EXPECT_EQ(0, dev_stamp(self->rw, 0xfffe, 13));
}

/* What is only given out is not looked at coming in. */
TEST_F(ioctl, output_fields_in)
{
	struct memlog_info info;
	struct memlog_seek seek;
	struct memlog_clear clear;

	memset(&info, 0xff, sizeof(info));
	info.flags = 0;
	EXPECT_EQ(0, dev_ioctl(self->rw, MEMLOG_IOC_INFO, &info));
	memset(&seek, 0xff, sizeof(seek));
	seek.flags = 0;
	seek.whence = MEMLOG_SEEK_LAST;
	seek.stream = 0;
	seek.value = 0;
	EXPECT_EQ(0, dev_ioctl(self->rw, MEMLOG_IOC_SEEK, &seek));
	EXPECT_EQ(0, seek.missed);
	clear = (struct memlog_clear){ .seq = ~0ULL };
	EXPECT_EQ(0, dev_ioctl(self->rw, MEMLOG_IOC_CLEAR, &clear));
}

/* Where the answer can't be put, the call fails and has done nothing. */
TEST_F(ioctl, read_only_memory)
{
	struct memlog_seek *seek = (void *)self->map;
	struct memlog_info before, after;

	ASSERT_EQ(0, put_n(self->rw, 10, 10));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_LAST, 5, NULL));
	ASSERT_EQ(0, dev_info(self->rd, &before));
	*seek = (struct memlog_seek){ .whence = MEMLOG_SEEK_LAST, .value = 2 };
	ASSERT_EQ(0, mprotect(self->map, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, dev_ioctl(self->rd, MEMLOG_IOC_SEEK, seek));
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(before.reader_seq, after.reader_seq);
	ASSERT_EQ(0, mprotect(self->map, PAGE, PROT_READ | PROT_WRITE));
	memset(self->map, 0, PAGE);
	ASSERT_EQ(0, mprotect(self->map, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, dev_ioctl(self->rd, MEMLOG_IOC_INFO, self->map));
}

TEST_F(ioctl, info_by_mode)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_info(self->wr, &info));
	EXPECT_EQ(MEMLOG_SEQ_NONE, info.reader_seq);
	EXPECT_EQ(0, info.lost_records);
	EXPECT_EQ(MEMLOG_SEQ_NONE, info.written_seq);
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_NE(MEMLOG_SEQ_NONE, info.reader_seq);
	EXPECT_EQ(MEMLOG_SEQ_NONE, info.written_seq);
	ASSERT_EQ(0, dev_info(self->rw, &info));
	EXPECT_NE(MEMLOG_SEQ_NONE, info.reader_seq);
}

TEST_HARNESS_MAIN
