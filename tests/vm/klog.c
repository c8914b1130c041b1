// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log as a judge: everything that a correct module never causes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"

#define LEVEL_INFO	6
#define EXPECT_MAX	32

/* A word on its own line of thought: whatever contains it is a complaint. */
static const char *const bad[] = {
	"WARNING:", "BUG:", "kernel BUG at", "Oops", "general protection fault",
	"Kernel panic", "KASAN", "KFENCE", "UBSAN", "KCSAN",
	"suspected memory leak", "kmemleak disabled", "kmemleak_object",
	"possible circular locking", "possible recursive locking",
	"possible irq lock inversion", "inconsistent lock state",
	"suspicious RCU usage", "held lock freed", "bad unlock balance",
	"lock held when returning", "Invalid wait context", "turning off the locking",
	"ODEBUG:", "INFO: task", "INFO: rcu", "rcu_sched self-detected",
	"rcu_preempt self-detected", "detected stalls on CPUs", "soft lockup",
	"hard LOCKUP", "scheduling while atomic", "sleeping function called",
	"list_add corruption", "list_del corruption", "refcount_t:",
	"stack-protector:", "page allocation failure", "nobody cared",
	"usercopy:", "Bad page state", "cut here", "Unable to handle kernel",
	"unable to handle", "segfault at", "slab error", "trap invalid opcode",
};

/* What is said of every module from outside the kernel. */
static const char *const harmless[] = {
	"loading out-of-tree module taints kernel",
	"module verification failed",
};

static int kmsg_fd = -1;
static char expected[EXPECT_MAX][128];
static int expected_count;

int klog_open(void)
{
	kmsg_fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (kmsg_fd < 0)
		return -1;
	lseek(kmsg_fd, 0, SEEK_END);
	return 0;
}

void klog_stamp(const char *test)
{
	dprintf(kmsg_fd, "<6>vm: begin %s\n", test);
	expected_count = 0;
}

static int contains_any(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(text, words[i]))
			return 1;
	return 0;
}

static int is_expected(const char *text)
{
	for (int i = 0; i < expected_count; i++)
		if (strstr(text, expected[i]))
			return 1;
	return 0;
}

static int is_complaint(int level, const char *text)
{
	if (contains_any(text, harmless, sizeof(harmless) / sizeof(*harmless)))
		return 0;
	if (is_expected(text))
		return 0;
	if (!strncmp(text, "memlog: ", 8) && level < LEVEL_INFO)
		return 1;
	return contains_any(text, bad, sizeof(bad) / sizeof(*bad));
}

static void remember_expected(const char *text)
{
	const char *what = strstr(text, "vm-expect: ");

	if (!what || expected_count == EXPECT_MAX)
		return;
	what += strlen("vm-expect: ");
	if (*what)
		snprintf(expected[expected_count++], sizeof(expected[0]), "%s",
			 what);
}

/* record: "PRI,SEQ,TIME,FLAGS[,...];TEXT\n[ KEY=VALUE\n...]" */
static int judge(const char *test, char *record)
{
	int pri = atoi(record);
	char *text = strchr(record, ';');

	if (!text)
		return 0;
	text++;
	text[strcspn(text, "\n")] = '\0';
	/* User space writes with a facility: its words are no complaints. */
	if (pri >> 3) {
		remember_expected(text);
		return 0;
	}
	if (!is_complaint(pri & 7, text))
		return 0;
	printf("vm: %s: the kernel complains: %s\n", test, text);
	return 1;
}

int klog_scan(const char *test)
{
	static char record[8192];
	int complaints = 0;

	for (;;) {
		ssize_t n = read(kmsg_fd, record, sizeof(record) - 1);

		if (n > 0) {
			record[n] = '\0';
			complaints += judge(test, record);
			continue;
		}
		if (n < 0 && errno == EPIPE) {
			printf("vm: %s: the kernel log ran over, what it said is unknown\n",
			       test);
			complaints++;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		return complaints;
	}
}

static int kmemleak(const char *command)
{
	int fd = open("/sys/kernel/debug/kmemleak", O_WRONLY);
	int ok;

	if (fd < 0)
		return -1;
	ok = write(fd, command, strlen(command)) > 0;
	close(fd);
	return ok ? 0 : -1;
}

void klog_clear_leaks(void)
{
	if (!kmemleak("scan=off"))
		kmemleak("clear");
}

int klog_leaks(void)
{
	char line[512];
	int found = 0;
	FILE *f;

	if (access("/sys/kernel/debug/kmemleak", F_OK))
		return 0;
	/* It takes only what is older than 5 s for leaked. */
	sleep(6);
	if (kmemleak("scan") || kmemleak("scan")) {
		printf("vm: kmemleak does not scan any more\n");
		return 1;
	}
	f = fopen("/sys/kernel/debug/kmemleak", "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		found = 1;
		printf("vm: leaked: %s", line);
	}
	fclose(f);
	return found;
}

int klog_lockdep_off(void)
{
	char line[256];
	int on, off = 0;
	FILE *f = fopen("/proc/lockdep_stats", "r");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " debug_locks: %d", &on) == 1 && !on)
			off = 1;
	fclose(f);
	if (off)
		printf("vm: lockdep has switched itself off\n");
	return off;
}
