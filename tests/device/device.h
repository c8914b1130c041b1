/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of the device suite share: plain system calls on the
 * device, nothing of libmemlog, so that each of them tests the contract alone.
 *
 * The device is $MEMLOG_DEV (/dev/memlog); programs that load and unload the
 * module take it from $MEMLOG_KO or where it is installed. With MEMLOG_FUSE=1 it is
 * a file of memlogfs, see fuse_test. Calls return 0, a count or -errno.
 */
#ifndef TESTS_DEVICE_H
#define TESTS_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/memlog.h>

/* What the module does when no parameter is given. */
#define DEFAULT_SIZE		16384
#define DEFAULT_RECORDS		(DEFAULT_SIZE / 32)
#define DEFAULT_MAX_RECORD	4096

#define PAGE			4096

/* Skips from a FIXTURE_SETUP(), where SKIP(return) would go on to the test. */
#define SKIP_SETUP(...) SKIP(_exit(255), __VA_ARGS__)

/* The device. */
const char *dev_path(void);
const char *dev_name(void);
int dev_open(int flags);
int dev_reset(void);
int dev_info(int fd, struct memlog_info *info);
int dev_seek(int fd, __u32 whence, __u64 value, struct memlog_seek *seek);
int dev_format(int fd, __u32 format, __u32 flags);
int dev_stamp(int fd, __u16 type, __u8 pri);
int dev_clear(int fd, __u64 *seq);
int dev_resize(int fd, __u64 text_size, __u64 records, __u32 max_record);
int dev_ioctl(int fd, unsigned long cmd, void *arg);
int64_t dev_lseek(int fd, int64_t off, int whence);
int dev_go(int fd, int whence);
__u64 dev_next(int fd);

/* write(2) and read(2) that give -errno. */
ssize_t put(int fd, const void *buf, size_t len);
ssize_t get(int fd, void *buf, size_t len);
struct iovec;
ssize_t put_vec(int fd, const struct iovec *iov, int n);
ssize_t puts_dev(int fd, const char *text);
int put_n(int fd, unsigned int n, size_t len);
ssize_t get_all(int fd, void *buf, size_t size, size_t chunk);
bool has_input(int fd);

/* Records of a file in the record format, one at a time. */
struct rec_reader {
	int fd;
	size_t len;
	size_t off;
	char buf[1 << 17] __attribute__((aligned(8)));
};

void rec_init(struct rec_reader *rr, int fd);
int rec_next(struct rec_reader *rr, const struct memlog_record **rec,
	     const char **text);

/*
 * A payload that proves itself: "w03 s00000012 l00100 ccc...\n", where c comes
 * from the sequence. At least PAYLOAD_MIN bytes.
 */
#define PAYLOAD_MIN 24

struct payload {
	unsigned int writer;
	unsigned int seq;
	unsigned int len;
};

void payload_make(char *buf, const struct payload *p);
bool payload_parse(const char *text, size_t len, struct payload *p);

/* The system around it. */
int module_load(const char *params);
int module_unload(void);
int module_reload(const char *params);
bool module_loaded(void);
int kmsg_open(void);
int kmsg_lines(int fd, char *lines, size_t size);
int64_t sysfs_value(const char *name);
int write_file(const char *path, const char *text);
ssize_t read_file(const char *path, char *buf, size_t size);
bool wait_asleep(pid_t tid);
int drop_to(uid_t uid);
uint64_t now_ns(int clock);
void sleep_ms(unsigned int ms);

#endif /* TESTS_DEVICE_H */
