// SPDX-License-Identifier: GPL-2.0-only
/* Fault injection by /proc/thread-self/fail-nth: see inject.h. */
#include "device.h"
#include "inject.h"

#define DEBUG "/sys/kernel/debug/"

static int fail_nth = -1;

int inject_init(void)
{
	/* Allocations that may wait fail too; nobody prints a trace of each. */
	static const char *const settings[][2] = {
		{ DEBUG "failslab/ignore-gfp-wait", "N" },
		{ DEBUG "failslab/verbose", "0" },
		{ DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUG "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUG "fail_page_alloc/min-order", "0" },
		{ DEBUG "fail_page_alloc/verbose", "0" },
		{ DEBUG "fail_usercopy/verbose", "0" },
	};
	size_t i;

	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		return -errno;
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		write_file(settings[i][0], settings[i][1]);
	return access(DEBUG "failslab", F_OK) ? -ENOENT : 0;
}

void inject_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	while (pwrite(fail_nth, text, len, 0) != len)
		;
}

unsigned int inject_left(void)
{
	char text[16] = "";
	unsigned int left = 1;

	/* What is armed may fail this very read: then it had not before. */
	if (pread(fail_nth, text, sizeof(text) - 1, 0) > 0)
		left = strtoul(text, NULL, 10);
	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return left;
}

bool inject_disarm(void)
{
	return !inject_left();
}
