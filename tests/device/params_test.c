// SPDX-License-Identifier: GPL-2.0-only
/* Module parameters: what they make, and how a wrong one is refused. */
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "device.h"

FIXTURE(params)
{
	int kmsg;
	char log[8192];
};

FIXTURE_SETUP(params)
{
	int ret = module_loaded() ? module_unload() : 0;

	if (ret == -ENOENT)
		SKIP_SETUP("the device is no module");
	ASSERT_EQ(0, ret);
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(params)
{
	close(self->kmsg);
	EXPECT_EQ(0, module_reload(""));
}

static int info_of(const char *path, struct memlog_info *info)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = dev_info(fd, info);
	close(fd);
	return ret;
}

static bool nothing_registered(void)
{
	char misc[8192];

	if (read_file("/proc/misc", misc, sizeof(misc)) < 0)
		return false;
	return !strstr(misc, "memlog") && access("/dev/memlog", F_OK) &&
	       access("/sys/class/misc/memlog", F_OK);
}

TEST_F(params, sizes)
{
	static const struct {
		const char *params;
		__u64 size, records;
		__u32 max_record;
	} good[] = {
		{ "", 16384, 512, 4096 },
		{ "size=4096", 4096, 128, 1024 },
		{ "size=4K", 4096, 128, 1024 },
		{ "size=64k", 65536, 2048, 16384 },
		{ "size=1M", 1 << 20, 32768, 16384 },
		{ "size=1m max_record=64K", 1 << 20, 32768, 65536 },
		{ "size=1M records=16", 1 << 20, 16, 16384 },
		{ "records=16K", 16384, 16384, 4096 },
		{ "max_record=1", 16384, 512, 1 },
		{ "max_record=4K", 16384, 512, 4096 },
		{ "size=256K records=0 max_record=0", 262144, 8192, 16384 },
	};
	struct memlog_info info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_EQ(0, module_reload(good[i].params)) {
			TH_LOG("'%s'", good[i].params);
		}
		ASSERT_EQ(0, info_of("/dev/memlog", &info));
		EXPECT_EQ(good[i].size, info.text_size);
		EXPECT_EQ(good[i].records, info.records);
		EXPECT_EQ(good[i].max_record, info.max_record);
		EXPECT_EQ(0, info.next_seq);
		EXPECT_EQ(good[i].size, sysfs_value("size"));
		EXPECT_EQ(good[i].records, sysfs_value("records"));
	}
}

TEST_F(params, mode)
{
	static const struct {
		const char *params;
		mode_t mode;
	} good[] = {
		{ "", 0662 }, { "mode=600", 0600 }, { "mode=0600", 0600 },
		{ "mode=0666", 0666 }, { "mode=777", 0777 }, { "mode=20", 020 },
	};
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_EQ(0, module_reload(good[i].params)) {
			TH_LOG("'%s'", good[i].params);
		}
		ASSERT_EQ(0, stat("/dev/memlog", &st));
		EXPECT_EQ(S_IFCHR | good[i].mode, st.st_mode);
	}
}

TEST_F(params, name)
{
	struct memlog_info info;

	ASSERT_EQ(0, module_load("name=my-log_2 channels=a:4K,b"));
	EXPECT_EQ(0, info_of("/dev/my-log_2", &info));
	EXPECT_EQ(16384, info.text_size);
	EXPECT_EQ(0, info_of("/dev/my-log_2-a", &info));
	EXPECT_EQ(0, info_of("/dev/my-log_2-b", &info));
	EXPECT_EQ(-1, access("/dev/memlog", F_OK));
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(-1, access("/dev/my-log_2", F_OK));
	ASSERT_EQ(0, module_load("name=1234567890123456"));
	EXPECT_EQ(0, info_of("/dev/1234567890123456", &info));
}

TEST_F(params, channels)
{
	struct memlog_info a, b, main;
	int fd;

	ASSERT_EQ(0, module_load("channels=audit:64K,web size=32K"));
	ASSERT_EQ(0, info_of("/dev/memlog", &main));
	ASSERT_EQ(0, info_of("/dev/memlog-audit", &a));
	ASSERT_EQ(0, info_of("/dev/memlog-web", &b));
	EXPECT_EQ(32768, main.text_size);
	EXPECT_EQ(65536, a.text_size);
	EXPECT_EQ(16384, b.text_size);
	EXPECT_NE(main.stream, a.stream);
	EXPECT_NE(main.stream, b.stream);
	EXPECT_NE(a.stream, b.stream);

	/* Each is a log of its own. */
	fd = open("/dev/memlog-audit", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2, puts_dev(fd, "x\n"));
	close(fd);
	ASSERT_EQ(0, info_of("/dev/memlog", &main));
	ASSERT_EQ(0, info_of("/dev/memlog-audit", &a));
	EXPECT_EQ(0, main.next_seq);
	EXPECT_EQ(1, a.next_seq);
}

TEST_F(params, sixteen_channels)
{
	char params[256] = "channels=";
	int i;

	for (i = 0; i < 16; i++)
		sprintf(params + strlen(params), "%sc%d:4K", i ? "," : "", i);
	EXPECT_EQ(0, module_load(params));
	EXPECT_EQ(0, access("/dev/memlog-c15", F_OK));
	ASSERT_EQ(0, module_unload());
	EXPECT_TRUE(nothing_registered());
	strcat(params, ",c16:4K");
	EXPECT_EQ(-EINVAL, module_load(params));
	EXPECT_TRUE(nothing_registered());
}

/* How a load with @params is refused: one line, and nothing left. */
static bool refused(struct _test_data_params *self,
		    struct __test_metadata *_metadata, const char *params,
		    const char *word)
{
	int ret = module_load(params), lines;
	bool good = true;

	if (ret != -EINVAL && ret != -ENOMEM) {
		TH_LOG("'%s': loading gave %d", params, ret);
		good = false;
	}
	if (!nothing_registered()) {
		TH_LOG("'%s': something stays registered", params);
		good = false;
	}
	lines = kmsg_lines(self->kmsg, self->log, sizeof(self->log));
	if (lines != 1) {
		TH_LOG("'%s': %d lines, not 1:\n%s", params, lines, self->log);
		good = false;
	} else if (strncmp(self->log, "6:memlog: ", 10) ||
		   !strstr(self->log, word)) {
		TH_LOG("'%s': not at info, or not of %s: %s", params, word,
		       self->log);
		good = false;
	}
	if (!ret)
		module_unload();
	return good;
}

TEST_F_TIMEOUT(params, wrong_ones, 120)
{
	static const struct {
		const char *params, *word;
	} bad[] = {
		{ "size=0", "size" }, { "size=1", "size" },
		{ "size=2K", "size" }, { "size=4095", "size" },
		{ "size=5000", "size" }, { "size=12K", "size" },
		{ "size=2G", "size" }, { "size=4G", "size" },
		{ "size=-1", "size" }, { "size=-16384", "size" },
		{ "size=", "size" }, { "size=K", "size" },
		{ "size=16KB", "size" }, { "size=16KK", "size" },
		{ "size=16T", "size" }, { "size=0x4000", "size" },
		{ "size=big", "size" }, { "size=16.5K", "size" },
		{ "size=\" 16K\"", "size" }, { "size=+16K", "size" },
		{ "size=18446744073709551616", "size" },
		{ "size=18446744073709568000", "size" },
		{ "size=18014398509481984K", "size" },
		{ "size=17179869184G", "size" },
		{ "records=8", "records" }, { "records=1", "records" },
		{ "records=100", "records" }, { "records=32K", "records" },
		{ "records=-1", "records" }, { "records=x", "records" },
		{ "records=4G", "records" }, { "records=", "records" },
		{ "max_record=4097", "max_record" },
		{ "max_record=5K", "max_record" },
		{ "size=1M max_record=65537", "max_record" },
		{ "size=1M max_record=128K", "max_record" },
		{ "max_record=-1", "max_record" },
		{ "max_record=4G", "max_record" },
		{ "max_record=4294967297", "max_record" },
		{ "max_record=", "max_record" }, { "max_record=z", "max_record" },
		{ "mode=0888", "mode" }, { "mode=668", "mode" },
		{ "mode=01000", "mode" }, { "mode=07777", "mode" },
		{ "mode=-1", "mode" }, { "mode=", "mode" },
		{ "mode=rw", "mode" }, { "mode=0x1b2", "mode" },
		{ "mode=37777777777777", "mode" },
		{ "name=", "name" }, { "name=Memlog", "name" },
		{ "name=a/b", "name" }, { "name=..", "name" },
		{ "name=a.b", "name" }, { "name=\"a b\"", "name" },
		{ "name=12345678901234567", "name" }, { "name=\xc3\xa4", "name" },
		{ "channels=a,a", "channels" }, { "channels=a,b,a:4K", "channels" },
		{ "channels=,", "channels" }, { "channels=a,", "channels" },
		{ "channels=a,,b", "channels" }, { "channels=A", "channels" },
		{ "channels=a/b", "channels" }, { "channels=a.b", "channels" },
		{ "channels=a:", "channels" }, { "channels=a:x", "channels" },
		{ "channels=a:5000", "memlog-a" }, { "channels=a:0", "channels" },
		{ "channels=a:2K", "memlog-a" }, { "channels=a:2G", "memlog-a" },
		{ "channels=:4K", "channels" }, { "channels=a:4K:4K", "channels" },
		{ "channels=12345678901234567", "channels" },
		{ "quota=-1", "quota" }, { "quota=x", "quota" },
		{ "quota=", "quota" }, { "quota=1.5M", "quota" },
		{ "quota=99999999999999999999", "quota" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_TRUE(refused(self, _metadata, bad[i].params,
				    bad[i].word));
}

/* A ring that is too much for this machine. */
TEST_F(params, more_memory_than_there_is)
{
	long pages = sysconf(_SC_PHYS_PAGES);

	if ((__u64)pages * sysconf(_SC_PAGESIZE) / 4 >= 1ULL << 30)
		SKIP(return, "a quarter of memory is more than 1 GB");
	EXPECT_TRUE(refused(self, _metadata, "size=1G", "size"));
	EXPECT_TRUE(refused(self, _metadata, "channels=a:1G", "memlog-a"));
	EXPECT_TRUE(refused(self, _metadata, "channels=ok,a:1G", "memlog-a"));
}

/* All is checked before anything registers: the first error hides nothing. */
TEST_F(params, a_wrong_one_behind_good_ones)
{
	EXPECT_TRUE(refused(self, _metadata,
			    "size=64K mode=0600 channels=a,b quota=no",
			    "quota"));
	EXPECT_TRUE(refused(self, _metadata, "channels=a,b,c,B", "channels"));
}

/* A name that is taken is no reason to trample on it. */
TEST_F(params, a_name_that_is_taken)
{
	struct stat before, after;
	int ret;

	ASSERT_EQ(0, stat("/dev/null", &before));
	ret = module_load("name=null");
	EXPECT_GT(0, ret);
	EXPECT_EQ(1, kmsg_lines(self->kmsg, self->log, sizeof(self->log)));
	EXPECT_EQ(0, strncmp(self->log, "6:memlog: ", 10)) {
		TH_LOG("%s", self->log);
	}
	ASSERT_EQ(0, stat("/dev/null", &after));
	EXPECT_EQ(before.st_rdev, after.st_rdev);
}

TEST_F(params, a_good_load_says_little)
{
	ASSERT_EQ(0, module_load("size=64K channels=a"));
	EXPECT_GE(1, kmsg_lines(self->kmsg, self->log, sizeof(self->log)));
	EXPECT_TRUE(!self->log[0] || self->log[0] >= '6');
	ASSERT_EQ(0, module_unload());
	EXPECT_TRUE(nothing_registered());
}

TEST_F(params, no_unload_while_open)
{
	int modes[] = { O_RDONLY, O_WRONLY, O_RDWR }, fd, ret;
	size_t i;

	ASSERT_EQ(0, module_load(""));
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = dev_open(modes[i]);
		ASSERT_LE(0, fd);
		/* rmmod calls it busy. */
		ret = module_unload();
		EXPECT_TRUE(ret == -EAGAIN || ret == -EBUSY) {
			TH_LOG("unloading gave %d", ret);
		}
		close(fd);
	}
	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(-ENOENT, dev_open(O_RDONLY));
}

/* Shown as they were given, and not to be changed. */
TEST_F(params, in_sysfs)
{
	char text[64];

	ASSERT_EQ(0, module_load("size=64K quota=1M"));
	ASSERT_LT(0, read_file("/sys/module/memlog/parameters/size", text,
			       sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "64K", 3) && strncmp(text, "65536", 5));
	EXPECT_GT(0, write_file("/sys/module/memlog/parameters/size", "4K"));
}

TEST_HARNESS_MAIN
