/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The four kinds of reader of the accounting test. Each counts what it was
 * given and what it was told it lost; the end mark, a record of END_WRITER,
 * ends it.
 *
 * Lengths of records are multiples of LEN_UNIT, so that the bytes of a lost
 * line tell whether a record was cut, which the text alone can't where only
 * its newline was missing.
 */
#ifndef TESTS_STRESS_READER_H
#define TESTS_STRESS_READER_H

#include "../device/device.h"

#define WRITERS		4
#define END_WRITER	99
#define LEN_UNIT	8

enum reader_kind { READ_TEXT, READ_RECORD, READ_MAP, READ_BYTES, READ_KINDS };

struct reader {
	enum reader_kind kind;
	int fd;
	__u64 seq, pos;			/* where it began */
	__u64 records, bytes;		/* delivered, the end mark too */
	__u64 lost_records, lost_bytes;
	__u64 laps;			/* times it was told of a loss */
	int64_t last[WRITERS];		/* last sequence of each writer */
	char wrong[256];		/* what was not as it should be */
};

const char *reader_kind_name(enum reader_kind kind);
int reader_open(struct reader *r, enum reader_kind kind);
void *reader_run(void *reader);

/* For reader.c and text.c. */
bool reader_wrong(struct reader *r, const char *what, __u64 number);
bool reader_take(struct reader *r, const char *text, size_t len, bool *end);
void text_run(struct reader *r, size_t chunk);

#endif /* TESTS_STRESS_READER_H */
