// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * DIR/lock: whoever has it locked writes the archive. It holds one line of fixed
 * length, of which a write leaves the old or the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "writing.h"

#define LINE_ROOM	256
#define SUM_MARK	" sum="

static void boot_id(char id[ARCHIVE_BOOT_ID])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	memset(id, 0, ARCHIVE_BOOT_ID);
	if (fd >= 0) {
		got = read(fd, id, ARCHIVE_BOOT_ID - 1);
		close(fd);
	}
	/* Not known: never the same as before. */
	if (got != ARCHIVE_BOOT_ID - 1)
		strcpy(id, "-");
}

static int line_put(char line[LINE_ROOM], const struct archive_mark *mark)
{
	int len = snprintf(line, LINE_ROOM,
			   "memlog-archive 1 pid=%010" PRIu32 " boot=%-36s clock=%+020" PRId64
			   " day=%08" PRIu32 " meta=%d rows=%020" PRIu64 " durable=%020" PRIu64,
			   mark->pid, mark->boot, mark->clock_s, mark->date, mark->has_meta,
			   mark->committed, mark->durable);

	return len + snprintf(line + len, LINE_ROOM - len, SUM_MARK "%08" PRIx32 "\n",
			      archive_crc32c(0, line, len));
}

/* All zeros if it is not whole. */
static void line_get(const char *line, struct archive_mark *mark)
{
	const char *sum_at = strstr(line, SUM_MARK);
	uint32_t sum, has_meta;

	memset(mark, 0, sizeof(*mark));
	if (!sum_at || sscanf(sum_at + strlen(SUM_MARK), "%8" SCNx32, &sum) != 1 ||
	    sum != archive_crc32c(0, line, sum_at - line))
		return;
	if (sscanf(line, "memlog-archive 1 pid=%10" SCNu32 " boot=%36s clock=%20" SCNd64
		   " day=%8" SCNu32 " meta=%1" SCNu32 " rows=%20" SCNu64 " durable=%20" SCNu64,
		   &mark->pid, mark->boot, &mark->clock_s, &mark->date, &has_meta,
		   &mark->committed, &mark->durable) != 7)
		memset(mark, 0, sizeof(*mark));
	else
		mark->has_meta = has_meta;
}

int archive_mark_lock(struct archive_writer *writer)
{
	char line[LINE_ROOM] = { 0 };
	int fd, err = 0;

	fd = archive_open_file(writer->dirfd, "lock", O_RDWR | O_CREAT);
	if (fd < 0)
		return archive_fail(writer, fd, "lock");
	if (pread(fd, line, sizeof(line) - 1, 0) < 0)
		err = archive_fail(writer, -errno, "lock");
	else if (flock(fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : archive_fail(writer, -errno, "lock");
	if (err) {
		line_get(line, &writer->before);
		if (err == -EBUSY)
			archive_say(writer, "another process (%u) writes this archive; "
				    "end that one, or give this one a folder of its own",
				    writer->before.pid);
		close(fd);
		return err;
	}
	/* Between the read and the lock, the other one may have gone on. */
	memset(line, 0, sizeof(line));
	if (pread(fd, line, sizeof(line) - 1, 0) < 0)
		line[0] = '\0';
	line_get(line, &writer->before);
	if (!line[0])
		archive_give(writer, fd, 0640);
	writer->lockfd = fd;
	writer->mark.pid = getpid();
	boot_id(writer->mark.boot);
	return 0;
}

bool archive_mark_same_boot(const struct archive_writer *writer)
{
	return writer->mark.boot[0] != '-' && !strcmp(writer->mark.boot, writer->before.boot);
}

int archive_mark_write(struct archive_writer *writer, bool sync)
{
	const struct archive_files *day = &writer->day;
	struct archive_mark *mark = &writer->mark;
	char line[LINE_ROOM];
	int len, err;

	mark->clock_s = writer->rolling.held ?
			writer->rolling.offset_ns / (int64_t)SECOND_NS : 0;
	mark->date = day->part ? 0 : day->date;
	mark->has_meta = day->has_meta;
	mark->committed = mark->date ? day->rows : 0;
	mark->durable = mark->date ? day->index.synced / ARCHIVE_INDEX_SIZE : 0;
	len = line_put(line, mark);
	err = archive_write_all(writer->lockfd, (const uint8_t *)line, len, 0);
	if (!err && sync && (ftruncate(writer->lockfd, len) || fdatasync(writer->lockfd)))
		err = -errno;
	/* It is the writer's own from here on, what was there before is history. */
	if (mark->date)
		writer->before = *mark;
	return err;
}
