/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file "times" of a day: what makes the search by time one of some 30 reads,
 * exact also where the clock was set back. 16 bytes ahead (magic, version,
 * interval), then 8 bytes big-endian for every ARCHIVE_TIMES_ROWS rows: the
 * greatest time of all rows up to and including those. Rows behind the last entry
 * are looked at one by one. It is a cache: what is missing is searched without,
 * and a writer makes it again.
 */
#ifndef MEMLOG_ARCHIVE_TIMES_H
#define MEMLOG_ARCHIVE_TIMES_H

#include <stdint.h>

#define ARCHIVE_TIMES_HEAD	16
#define ARCHIVE_TIMES_SIZE	8
#define ARCHIVE_TIMES_ROWS	4096

/* format.c */
void archive_times_head_put(uint8_t at[ARCHIVE_TIMES_HEAD]);
/* -EBADMSG no file of ours, -EPROTONOSUPPORT of another version or interval. */
int archive_times_head_check(const uint8_t at[ARCHIVE_TIMES_HEAD]);
void archive_times_put(uint8_t at[ARCHIVE_TIMES_SIZE], uint64_t ns);
uint64_t archive_times_get(const uint8_t at[ARCHIVE_TIMES_SIZE]);

#endif /* MEMLOG_ARCHIVE_TIMES_H */
