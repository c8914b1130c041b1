// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening and reading a ring file that may say anything. The input is a list of
 * changes to a good one:
 *
 *	u16 offset, u8 length, bytes	written there
 *	u16 offset, u8 0		the file is cut to that length
 *
 * It is then read mapped, read without mapping, and opened for writing.
 */
#include <fcntl.h>
#include <memlog.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libfuzz.h"

#define EVENTS_MAX	200

static char path[64], good_path[80];
static char good[65536];
static size_t good_size;

static void remove_files(void)
{
	unlink(path);
	unlink(good_path);
}

static void make_good(void)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options), .text_size = 4096, .records = 16,
		.name = "fuzz",
	};
	struct memlog_embedded *ring;
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/memlog-fuzz.%d", (int)getpid());
	snprintf(good_path, sizeof(good_path), "%s.good", path);
	atexit(remove_files);
	must(!memlog_embedded_open(&ring, good_path, &options));
	for (int i = 0; i < 20; i++)
		must(memlog_embedded_write(ring, NULL, "some text of a record\n",
					   (size_t)(i + 1), NULL) > 0);
	memlog_embedded_close(ring);
	fd = open(good_path, O_RDONLY);
	must(fd >= 0);
	good_size = (size_t)read(fd, good, sizeof(good));
	must(good_size > 4096 && good_size < sizeof(good));
	close(fd);
}

static void make_changed(const uint8_t *data, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, good, good_size) == (ssize_t)good_size);
	while (size >= 3) {
		size_t offset = (size_t)(data[0] | data[1] << 8);
		size_t len = data[2] < size - 3 ? data[2] : size - 3;

		if (!data[2])
			must(!ftruncate(fd, (off_t)offset));
		else
			must(pwrite(fd, data + 3, len, (off_t)offset) == (ssize_t)len);
		data += 3 + len;
		size -= 3 + len;
	}
	close(fd);
}

static void read_events(struct memlog_reader *reader)
{
	for (int i = 0; i < EVENTS_MAX; i++) {
		const struct memlog_record *rec;
		const char *text;
		int event = memlog_next(reader, &rec, &text);
		unsigned int sum = 0;

		if (event == MEMLOG_RECORD) {
			/* All of it must be there. */
			for (uint32_t n = 0; n < rec->len; n++)
				sum += (unsigned char)text[n];
			must(sum <= 255 * rec->len);
		} else if (event != MEMLOG_LOSS) {
			break;
		}
	}
}

static void read_all(uint32_t flags)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = flags, .tail = 5, .since_ns = 1,
	};
	struct memlog_reader *reader;
	struct memlog_info info;

	if (memlog_reader_open(&reader, path, &options))
		return;
	memlog_reader_info(reader, &info);
	read_events(reader);
	memlog_seek(reader, MEMLOG_SEEK_LAST, 0, 3, NULL);
	read_events(reader);
	memlog_seek(reader, MEMLOG_SEEK_SINCE, 0, 1714564800000000000ULL, NULL);
	read_events(reader);
	memlog_reader_close(reader);
}

static void write_some(void)
{
	struct memlog_resize resize = { .text_size = 8192 };
	struct memlog_embedded *ring;

	if (memlog_embedded_open(&ring, path, NULL))
		return;
	for (int i = 0; i < 30; i++)
		memlog_embedded_write(ring, NULL, "more text", 9, NULL);
	memlog_embedded_resize(ring, &resize);
	memlog_embedded_write(ring, NULL, "more text", 9, NULL);
	memlog_embedded_close(ring);
	read_all(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!good_size)
		make_good();
	make_changed(data, size);
	read_all(0);
	read_all(MEMLOG_READ_FOLLOW);
	read_all(MEMLOG_READ_NO_MMAP | MEMLOG_READ_FOLLOW);
	read_all(MEMLOG_READ_TAIL | MEMLOG_READ_SINCE);
	write_some();
	return 0;
}
