// SPDX-License-Identifier: GPL-2.0-only
/* The quota: bytes a second of each user, and no one's records but one's own. */
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "device.h"

#define RATE	20000
#define COST(len) ((len) + 64)
#define SOMEBODY 65533
#define SOMEBODY_ELSE 65532

FIXTURE(quota)
{
	int wr;
	int rd;
};

FIXTURE_SETUP(quota)
{
	int ret = module_reload("size=1M quota=20000");

	if (ret == -ENOENT)
		SKIP_SETUP("the device is no module");
	ASSERT_EQ(0, ret);
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
}

FIXTURE_TEARDOWN(quota)
{
	close(self->wr);
	close(self->rd);
	EXPECT_EQ(0, module_reload(""));
}

/* Another user without capabilities, until become(0). */
static int become(uid_t uid)
{
	return setresuid(uid, uid, 0) ? -errno : 0;
}

struct burst {
	unsigned int taken;
	unsigned int denied;
	unsigned int other;
	unsigned int most;	/* that may be taken in the time it took */
};

/* @n writes of @len bytes. */
static struct burst burst(int fd, unsigned int n, size_t len)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC), took;
	struct burst b = { 0 };
	char text[4096];

	memset(text, 'q', sizeof(text));
	while (n--) {
		ssize_t ret = put(fd, text, len);

		if (ret == (ssize_t)len)
			b.taken++;
		else if (ret == -EDQUOT)
			b.denied++;
		else
			b.other++;
	}
	took = now_ns(CLOCK_MONOTONIC) - start;
	b.most = (RATE + took * RATE / 1000000000ULL) / COST(len) + 2;
	return b;
}

TEST_F(quota, one_second_of_burst)
{
	static const size_t lens[] = { 100, 1, 1000 };
	struct memlog_info info;
	unsigned int denied = 0, taken = 0;
	struct burst b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, become(SOMEBODY + i));
		b = burst(self->wr, 1000, lens[i]);
		ASSERT_EQ(0, become(0));
		EXPECT_EQ(0, b.other);
		EXPECT_LE(RATE / COST(lens[i]) - 1, b.taken);
		EXPECT_GE(b.most, b.taken);
		EXPECT_LT(0, b.denied);
		denied += b.denied;
		taken += b.taken;
		ASSERT_EQ(0, dev_info(self->rd, &info));
		EXPECT_EQ(denied, info.denied);
		EXPECT_EQ(taken, info.next_seq);
		EXPECT_EQ(denied, sysfs_value("denied"));
	}
}

TEST_F(quota, each_user_has_one)
{
	struct burst a, b;

	ASSERT_EQ(0, become(SOMEBODY));
	a = burst(self->wr, 500, 100);
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, become(SOMEBODY_ELSE));
	b = burst(self->wr, 50, 100);
	ASSERT_EQ(0, become(0));
	EXPECT_LT(0, a.denied);
	EXPECT_EQ(0, b.denied);
	EXPECT_EQ(50, b.taken);
}

/* However many processes and files one user has. */
TEST_F(quota, is_of_the_user)
{
	uint64_t empty;
	struct burst b;
	int status;
	pid_t pid;

	ASSERT_EQ(0, become(SOMEBODY));
	b = burst(self->wr, 500, 100);
	empty = now_ns(CLOCK_MONOTONIC);
	ASSERT_LT(0, b.denied);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = dev_open(O_WRONLY);
		uint64_t took;

		b = burst(fd, 500, 100);
		took = now_ns(CLOCK_MONOTONIC) - empty;
		/* What came in since, not another bucket. */
		_exit(b.taken > took * RATE / COST(100) / 1000000000 + 2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(0, status);
}

TEST_F(quota, refills)
{
	struct burst b;

	ASSERT_EQ(0, become(SOMEBODY));
	b = burst(self->wr, 500, 100);
	EXPECT_LT(0, b.denied);
	sleep_ms(500);
	b = burst(self->wr, 500, 100);
	EXPECT_LE(RATE / 2 / COST(100) - 2, b.taken);
	EXPECT_LT(0, b.denied);
	/* To one second's worth, not more. */
	sleep_ms(3000);
	b = burst(self->wr, 500, 100);
	EXPECT_GE(b.most, b.taken);
	EXPECT_LE(RATE / COST(100) - 1, b.taken);
	ASSERT_EQ(0, become(0));
}

TEST_F(quota, not_for_cap_sys_resource)
{
	struct memlog_info info;
	struct burst b = burst(self->wr, 1000, 100);

	EXPECT_EQ(1000, b.taken);
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(0, info.denied);
}

/* The whole of a write counts; what is refused is not there. */
TEST_F(quota, a_write_in_pieces)
{
	static char text[200000];
	struct memlog_info before, after;
	ssize_t ret;

	memset(text, 'p', sizeof(text));
	ASSERT_EQ(0, dev_info(self->rd, &before));
	ASSERT_EQ(0, become(SOMEBODY));
	ret = put(self->wr, text, sizeof(text));
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, dev_info(self->rd, &after));
	/* Refused, or a part that the quota covers; exactly that is there. */
	EXPECT_TRUE(ret == -EDQUOT || (ret > 0 && ret <= 2 * RATE)) {
		TH_LOG("it gave %zd", ret);
	}
	EXPECT_EQ(ret < 0 ? 0 : ret, after.next_pos - before.next_pos);
}

TEST_F(quota, a_fault_is_not_charged)
{
	struct burst b;
	int i;

	ASSERT_EQ(0, become(SOMEBODY));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(-EFAULT, put(self->wr, NULL, 100));
	b = burst(self->wr, 50, 100);
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(50, b.taken);
}

TEST_HARNESS_MAIN
