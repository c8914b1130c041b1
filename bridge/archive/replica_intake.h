/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a replica does with what its master says: it proves what it has, and writes
 * what comes. Knows nothing of connections.
 */
#ifndef BRIDGE_REPLICA_INTAKE_H
#define BRIDGE_REPLICA_INTAKE_H

#include <archive/writer.h>

#include "sync_rows.h"

/* Days that are proved when it connects: the newest, and those before. */
#define INTAKE_PROOFS	3

#define INTAKE_WHY_SIZE	256

/* What intake_message() and intake_next() return besides -errno of writing. */
enum intake_end {
	INTAKE_WRONG = 2,	/* what the master says can't be; why says it */
	INTAKE_DIFFERS,		/* intake->differs is not what the master has */
	INTAKE_DONE,		/* the one day that was asked for is there */
	INTAKE_NONE,		/* the one day that was asked for is behind all the master has */
};

/**
 * struct intake_proof - A day that is here.
 * @date: It.
 * @rows: Rows.
 * @finished: It is finished.
 * @bare: It has no meta.
 * @sum: Checksum.
 */
struct intake_proof {
	uint32_t date;
	uint64_t rows;
	bool finished;
	bool bare;
	uint8_t sum[SYNC_SUM_SIZE];
};

enum intake_state {
	INTAKE_HELLO,		/* waits for HELLO */
	INTAKE_PROVE,		/* will ask for the next proof, or to START */
	INTAKE_SUM,		/* waits for the answer to that */
	INTAKE_STREAM,		/* has asked to START */
};

/**
 * struct intake - A connection's work.
 * @name: The channel's.
 * @writer: Where it goes.
 * @history: As of struct replica_options.
 * @keep_days: Likewise.
 * @only: The one day to get, from its first row; 0: all.
 * @done: Called when something is committed, with @arg.
 * @arg: For that.
 * @state: What it waits for.
 * @oldest: The range.
 * @newest: Likewise.
 * @proofs: Days to prove, ascending.
 * @proof_count: How many.
 * @proof: The one that is next, or was asked for.
 * @sum: Checksum of the day it is in, with what is not committed yet; its date and
 *       row are the place.
 * @finished: That day is finished.
 * @gone: The master has it no longer.
 * @ack: There is something new to acknowledge, when it is committed.
 * @raw: What was decompressed.
 * @room: Bytes of that.
 * @zstd: Decompresses.
 * @differs: Which day differs.
 * @there: Rows that the master has of the day.
 * @records: Rows written; for others to see.
 * @bytes: Bytes of them.
 * @lost_days: Days whose rest the master had no longer.
 * @row_ns: Time of the last row.
 * @why: What is wrong.
 */
struct intake {
	const char *name;
	struct archive_writer *writer;
	long history;
	unsigned int keep_days;
	uint32_t only;
	void (*done)(void *arg);
	void *arg;
	enum intake_state state;
	uint32_t oldest;
	uint32_t newest;
	struct intake_proof proofs[INTAKE_PROOFS];
	unsigned int proof_count;
	unsigned int proof;
	struct sync_sum sum;
	bool finished;
	bool gone;
	bool ack;
	uint8_t *raw;
	size_t room;
	struct ZSTD_DCtx_s *zstd;
	uint32_t differs;
	uint64_t there;
	uint64_t records;
	uint64_t bytes;
	uint64_t lost_days;
	uint64_t row_ns;
	char why[INTAKE_WHY_SIZE];
};

/**
 * intake_open() - Begin: sum up what is here.
 * @intake: Its name, writer, history, keep_days, only, done and arg; the rest zero.
 * @dir: The writer's folder.
 * @stop: Set when to give up.
 *
 * Return: 0; -EINTR @stop was set; or what reading gave: then @intake->why says it.
 */
int intake_open(struct intake *intake, const char *dir, const bool *stop);

/* What is not committed is dropped. Harmless after a failed intake_open(). */
void intake_close(struct intake *intake);

/* Takes a message. 0; an &enum intake_end; or -errno. */
int intake_message(struct intake *intake, const uint8_t *bytes, size_t len);

/* Commits, and says what is to be said. 1 @ask is; 0 nothing is; or as above. */
int intake_next(struct intake *intake, uint8_t ask[SYNC_ASK_SIZE]);

/* replica_rows.c: writes the rows of a message. As intake_message(). */
int intake_rows(struct intake *intake, const struct sync_message *message);

/* The rows of a message, decompressed. As intake_message(). */
int intake_unpack(struct intake *intake, const struct sync_message *message,
		  struct sync_piece *piece);

/* Commits what is in the batch. 0 or -errno. */
int intake_commit(struct intake *intake);

int intake_wrong(struct intake *intake, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* BRIDGE_REPLICA_INTAKE_H */
