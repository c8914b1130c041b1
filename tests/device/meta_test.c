// SPDX-License-Identifier: GPL-2.0-only
/* Who wrote it and when: not to be forged, the same from inside a container. */
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "device.h"

FIXTURE(meta)
{
	int wr;
	int rd;
	struct rec_reader rr;
};

FIXTURE_SETUP(meta)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	rec_init(&self->rr, self->rd);
}

FIXTURE_TEARDOWN(meta)
{
	close(self->wr);
	close(self->rd);
}

/* What a child of this process does; its pid, after it has ended well. */
static pid_t in_child(void (*what)(int fd, void *arg), int fd, void *arg)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		what(fd, arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return -1;
	return pid;
}

static void write_plain(int fd, void *arg)
{
	if (puts_dev(fd, "plain\n") != 6)
		_exit(1);
}

TEST_F(meta, pid_and_uid)
{
	const struct memlog_record *rec;
	pid_t pid;

	ASSERT_EQ(6, puts_dev(self->wr, "self.\n"));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(getpid(), rec->pid);
	EXPECT_EQ(getuid(), rec->uid);
	/* Of the writer, not of who opened. */
	pid = in_child(write_plain, self->wr, NULL);
	ASSERT_LT(0, pid);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(pid, rec->pid);
}

static void write_as(int fd, void *arg)
{
	const uid_t *uids = arg;

	if (setresuid(uids[0], uids[1], 0))
		_exit(1);
	write_plain(fd, NULL);
}

TEST_F(meta, the_real_uid)
{
	static uid_t uids[][2] = { { 1234, 4321 }, { 0, 77 }, { 77, 0 },
				   { 4000000000U, 5 } };
	const struct memlog_record *rec;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		ASSERT_LT(0, in_child(write_as, self->wr, uids[i]));
		ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
		EXPECT_EQ(uids[i][0], rec->uid);
	}
}

static void *write_named(void *arg)
{
	prctl(PR_SET_NAME, "thread name here");
	return puts_dev(*(int *)arg, "thread\n") == 7 ? NULL : (void *)1;
}

TEST_F(meta, comm_of_the_thread)
{
	const struct memlog_record *rec;
	pthread_t thread;
	void *failed;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "process"));
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_named, &self->wr));
	ASSERT_EQ(0, pthread_join(thread, &failed));
	ASSERT_EQ(NULL, failed);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_STREQ("thread name her", rec->comm);
	/* The pid is the process's. */
	EXPECT_EQ(getpid(), rec->pid);

	ASSERT_EQ(6, puts_dev(self->wr, "plain\n"));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_STREQ("process", rec->comm);
}

static void write_contained(int fd, void *arg)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		_exit(errno == EPERM || errno == ENOSYS || errno == EINVAL ?
		      7 : 1);
	pid = fork();
	if (!pid) {
		/* Process 1, user 65534, and called something else. */
		if (getpid() != 1 || getuid() != 65534)
			_exit(1);
		prctl(PR_SET_NAME, "inside");
		write_plain(fd, NULL);
		_exit(0);
	}
	/* Here still in the outer pid namespace, so this is the real one. */
	if (write(*(int *)arg, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(1);
}

TEST_F(meta, from_inside_a_container)
{
	const struct memlog_record *rec;
	int pids[2], status;
	pid_t pid, inner;

	ASSERT_EQ(0, pipe(pids));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (setresuid(4242, 4242, 4242))
			_exit(1);
		write_contained(self->wr, &pids[1]);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
		SKIP(return, "no namespaces of pids and users here");
	ASSERT_EQ(0, status);
	ASSERT_EQ(sizeof(inner), read(pids[0], &inner, sizeof(inner)));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(inner, rec->pid);
	EXPECT_EQ(4242, rec->uid);
	EXPECT_STREQ("inside", rec->comm);
}

static void write_in_cgroup(int fd, void *arg)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/cgroup.procs", (char *)arg);
	if (write_file(path, "0"))
		_exit(1);
	write_plain(fd, NULL);
}

/* The id is the inode number of the folder, 64 bits of it. */
TEST_F(meta, cgroup)
{
	char root[64], group[128], inner[160];
	const struct memlog_record *rec;
	struct stat st;

	strcpy(root, "/tmp/memlog-cgroup-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(root));
	if (mount("none", root, "cgroup2", 0, NULL)) {
		rmdir(root);
		SKIP(return, "no cgroup v2 here: %s", strerror(errno));
	}
	snprintf(group, sizeof(group), "%s/memlog-test", root);
	snprintf(inner, sizeof(inner), "%s/inner", group);
	ASSERT_EQ(0, mkdir(group, 0755));
	ASSERT_EQ(0, mkdir(inner, 0755));

	EXPECT_LT(0, in_child(write_in_cgroup, self->wr, group));
	ASSERT_EQ(0, stat(group, &st));
	EXPECT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(st.st_ino, rec->cgroup);

	EXPECT_LT(0, in_child(write_in_cgroup, self->wr, inner));
	ASSERT_EQ(0, stat(inner, &st));
	EXPECT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(st.st_ino, rec->cgroup);
	rmdir(inner);
	rmdir(group);
	umount2(root, MNT_DETACH);
	rmdir(root);
}

TEST_F(meta, time_of_the_write)
{
	const struct memlog_record *rec;
	uint64_t before, after, last = 0;
	int i;

	for (i = 0; i < 100; i++) {
		before = now_ns(CLOCK_REALTIME);
		ASSERT_EQ(6, puts_dev(self->wr, "clock\n"));
		after = now_ns(CLOCK_REALTIME);
		ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
		ASSERT_LE(before, rec->time_ns);
		ASSERT_GE(after, rec->time_ns);
		ASSERT_LE(last, rec->time_ns);
		last = rec->time_ns;
	}
}

static void *write_many(void *arg)
{
	return (void *)(long)put_n(*(int *)arg, 2000, 40);
}

/* The order of times is the order of numbers, whoever writes. */
TEST_F(meta, time_in_order)
{
	const struct memlog_record *rec;
	pthread_t threads[4];
	__u64 last = 0;
	void *failed;
	int i, n = 0;

	ASSERT_EQ(0, dev_resize(self->rd, 1 << 20, 0, 0));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, write_many,
					    &self->wr));
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		ASSERT_EQ(NULL, failed);
	}
	while (rec_next(&self->rr, &rec, NULL) == 1) {
		ASSERT_LE(last, rec->time_ns);
		last = rec->time_ns;
		n++;
	}
	EXPECT_EQ(8000, n);
	EXPECT_EQ(0, dev_reset());
}

TEST_F(meta, stream)
{
	struct memlog_info a, b;
	int ret;

	ASSERT_EQ(0, dev_info(self->rd, &a));
	EXPECT_NE(0, a.stream);
	ASSERT_EQ(0, dev_resize(self->rd, 65536, 0, 0));
	ASSERT_EQ(0, dev_info(self->rd, &b));
	EXPECT_EQ(a.stream, b.stream);

	close(self->wr);
	close(self->rd);
	ret = module_reload("");
	if (ret == -ENOENT)
		SKIP(return, "the device is no module");
	ASSERT_EQ(0, ret);
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_info(self->rd, &b));
	EXPECT_NE(0, b.stream);
	EXPECT_NE(a.stream, b.stream);
	EXPECT_EQ(0, b.next_seq);
}

TEST_HARNESS_MAIN
