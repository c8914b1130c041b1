// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation of a load fails once: nothing of it stays. */
#include "kselftest_harness.h"

#include "device.h"
#include "inject.h"

#define NTH_MAX 20000

static bool nothing_registered(void)
{
	char misc[8192];

	if (module_loaded() || read_file("/proc/misc", misc, sizeof(misc)) < 0)
		return false;
	return !strstr(misc, "memlog") && access("/dev/memlog", F_OK) &&
	       access("/dev/memlog-a", F_OK) &&
	       access("/sys/class/misc/memlog", F_OK);
}

/* A load with the @nth thing failing; whether something did. */
static bool load_failing(struct __test_metadata *_metadata, unsigned int nth)
{
	bool fired;
	int ret;

	inject_arm(nth);
	ret = module_load("size=64K channels=a:8K,b quota=1M");
	fired = inject_disarm();
	if (ret) {
		EXPECT_TRUE(fired);
		EXPECT_TRUE(nothing_registered()) {
			TH_LOG("something stays of a load: %s, %u",
			       strerror(-ret), nth);
		}
		return fired;
	}
	/* The kernel can do without it: then the device is whole. */
	ret = dev_open(O_RDWR | O_NONBLOCK);
	EXPECT_LE(0, ret) {
		TH_LOG("loaded without a device, %u", nth);
	}
	if (ret >= 0) {
		EXPECT_EQ(2, puts_dev(ret, "x\n"));
		close(ret);
	}
	EXPECT_EQ(0, module_unload());
	EXPECT_TRUE(nothing_registered());
	return fired;
}

FIXTURE(load) { };

FIXTURE_SETUP(load)
{
	int ret;

	if (inject_init())
		SKIP_SETUP("this kernel has no fault injection");
	ret = module_loaded() ? module_unload() : 0;
	if (ret == -ENOENT)
		SKIP_SETUP("the device is no module");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(load)
{
	EXPECT_EQ(0, module_reload(""));
}

/* A load takes a good part of a second there, and there are hundreds. */
TEST_F_TIMEOUT(load, every_allocation, 1500)
{
	unsigned int nth;

	for (nth = 1; nth < NTH_MAX; nth++)
		if (!load_failing(_metadata, nth))
			break;
	TH_LOG("%u things of a load failed", nth - 1);
	EXPECT_LT(10, nth);
	EXPECT_GT(NTH_MAX, nth);
}

TEST_HARNESS_MAIN
