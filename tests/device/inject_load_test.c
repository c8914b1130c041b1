// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation of a load fails once: nothing of it stays. */
#include "kselftest_harness.h"

#include "device.h"
#include "inject.h"

#define PARAMS "size=64K channels=a:8K,b quota=1M"

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
	ret = module_load(PARAMS);
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
	/*
	 * The kernel says so of a parameter it has no memory to keep, and warns
	 * of a tracepoint it has none to describe. A warning of ours has a line
	 * of its own behind the cut, which is not expected.
	 */
	write_file("/dev/kmsg", "vm-expect: invalid for parameter");
	write_file("/dev/kmsg", "vm-expect: event_define_fields");
	write_file("/dev/kmsg", "vm-expect: [ cut here ]");
}

FIXTURE_TEARDOWN(load)
{
	EXPECT_EQ(0, module_reload(""));
}

/* How many things can fail in a load with @params, most of them the kernel's. */
static unsigned int count_things(const char *params)
{
	const unsigned int many = 1000000;
	unsigned int left;
	int ret;

	inject_arm(many);
	ret = module_load(params);
	left = inject_left();
	if (!ret)
		module_unload();
	return many - left;
}

/*
 * A load takes a good part of a second there, and most of it is the kernel's
 * loader: of what can fail in that, one in STRIDE; all of it in our own part,
 * which begins where a wrong parameter would have ended it.
 */
#define STRIDE 25

TEST_F_TIMEOUT(load, every_allocation, 1500)
{
	unsigned int loader = count_things("quota=no");
	unsigned int all = count_things(PARAMS), nth;

	TH_LOG("%u things can fail, %u of them before the module begins", all,
	       loader);
	ASSERT_LT(100, loader);
	ASSERT_LT(loader + 10, all);
	/* What a refused load frees, and what differs, is less than this. */
	loader -= 50;
	for (nth = 1; nth < loader; nth += STRIDE)
		ASSERT_TRUE(load_failing(_metadata, nth));
	for (nth = loader; load_failing(_metadata, nth); nth++)
		ASSERT_GT(2 * all, nth);
	EXPECT_LE(all - 200, nth);
}

TEST_HARNESS_MAIN
