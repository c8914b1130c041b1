/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reader of the mapping, made from the protocol in <linux/memlog.h> and from
 * nothing else.
 */
#ifndef TESTS_DEVICE_MAP_H
#define TESTS_DEVICE_MAP_H

#include "device.h"

/**
 * struct map_reader - A cursor over a mapping.
 * @fd: The open file; not owned.
 * @ctl: Its mapping.
 * @size: Bytes mapped.
 * @seq: Next record wanted.
 * @pos: Its first byte.
 * @lost_records: Records overwritten before they were read.
 * @lost_bytes: Their bytes, known once a record behind them was read.
 * @remaps: RESIZEs followed.
 */
struct map_reader {
	int fd;
	const struct memlog_control *ctl;
	size_t size;
	__u64 seq;
	__u64 pos;
	__u64 lost_records;
	__u64 lost_bytes;
	unsigned int remaps;
};

int map_open(struct map_reader *m, int fd);
void map_close(struct map_reader *m);
int map_next(struct map_reader *m, struct memlog_record *rec, char *text,
	     size_t size);
int map_wait(struct map_reader *m, int ms);

static inline const struct memlog_record *map_desc(const struct map_reader *m,
						   __u64 seq)
{
	const char *base = (const char *)m->ctl;

	return (const struct memlog_record *)(base + m->ctl->desc_off) +
	       (seq & (m->ctl->records - 1));
}

static inline const char *map_text(const struct map_reader *m, __u64 pos)
{
	return (const char *)m->ctl + m->ctl->text_off +
	       (pos & (m->ctl->text_map - 1));
}

#endif /* TESTS_DEVICE_MAP_H */
