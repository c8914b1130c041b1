// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <memlog.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "replica_intake.h"

/* A frame of zstd that wants more than this to be decompressed is none of ours. */
#define WINDOW_LOG	25

#define SUM_AT_ONCE	(8U << 20)

int intake_wrong(struct intake *intake, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(intake->why, sizeof(intake->why), fmt, args);
	va_end(args);
	return INTAKE_WRONG;
}

/* Sums up a day that is here; the newest one's sum goes on. */
static int sum_day(struct intake *intake, struct sync_rows *rows, int dirfd, uint32_t date,
		   const bool *stop)
{
	struct intake_proof *proof = &intake->proofs[intake->proof_count];
	int err = sync_rows_open(rows, dirfd, date), done = 0;

	if (err)
		return err;
	proof->date = date;
	proof->rows = archive_day_rows(rows->day);
	proof->finished = archive_day_finished(rows->day);
	proof->bare = !archive_day_has_meta(rows->day);
	err = sync_sum_reset(&intake->sum, date, 0);
	while (!err && !done) {
		done = sync_rows_sum(rows, &intake->sum, proof->rows, SUM_AT_ONCE);
		err = done < 0 ? done : 0;
		if (!err && __atomic_load_n(stop, __ATOMIC_RELAXED))
			err = -EINTR;
	}
	if (!err)
		err = sync_sum_get(&intake->sum, proof->sum);
	if (err)
		return err;
	intake->finished = proof->finished;
	intake->proof_count++;
	return 0;
}

static int sum_days(struct intake *intake, int dirfd, const bool *stop)
{
	struct sync_rows rows;
	uint32_t *dates;
	size_t count;
	int err = archive_days(dirfd, &dates, &count);

	if (err)
		return err;
	sync_rows_init(&rows);
	for (size_t i = count > INTAKE_PROOFS ? count - INTAKE_PROOFS : 0; !err && i < count; i++) {
		err = sum_day(intake, &rows, dirfd, dates[i], stop);
		/* damaged so that it can't be read: the first thing to be found different */
		if (err == -EBADMSG) {
			memset(intake->proofs[intake->proof_count].sum, 0, SYNC_SUM_SIZE);
			intake->proof_count++;
			err = 0;
		}
	}
	sync_rows_uninit(&rows);
	free(dates);
	return err;
}

int intake_open(struct intake *intake, const char *dir, const bool *stop)
{
	int dirfd, err = sync_sum_init(&intake->sum);

	intake->zstd = ZSTD_createDCtx();
	if (!intake->zstd ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(intake->zstd, ZSTD_d_windowLogMax, WINDOW_LOG)))
		err = -ENOMEM;
	if (err || intake->only)
		return err;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dirfd < 0 ? -errno : sum_days(intake, dirfd, stop);
	if (dirfd >= 0)
		close(dirfd);
	if (err)
		snprintf(intake->why, sizeof(intake->why), "can't read %s: %s", dir,
			 strerror(-err));
	return err;
}

void intake_close(struct intake *intake)
{
	archive_drop(intake->writer);
	sync_sum_uninit(&intake->sum);
	ZSTD_freeDCtx(intake->zstd);
	intake->zstd = NULL;
	free(intake->raw);
	intake->raw = NULL;
	intake->room = 0;
}

int intake_commit(struct intake *intake)
{
	int err;

	if (!archive_batched(intake->writer))
		return 0;
	err = archive_commit(intake->writer);
	/* its folder was removed: once more makes it anew */
	if (err == -ENOENT)
		err = archive_commit(intake->writer);
	if (!err && intake->done)
		intake->done(intake->arg);
	return err;
}

static int take_hello(struct intake *intake, const struct sync_message *message)
{
	if (intake->state != INTAKE_HELLO)
		return intake_wrong(intake, "HELLO twice");
	if (strlen(intake->name) != message->len ||
	    memcmp(intake->name, message->bytes, message->len))
		return intake_wrong(intake, "another channel than the one asked for");
	intake->oldest = message->oldest;
	intake->newest = message->newest;
	intake->state = INTAKE_PROVE;
	return 0;
}

static int take_range(struct intake *intake, const struct sync_message *message)
{
	if (intake->state != INTAKE_STREAM)
		return intake_wrong(intake, "RANGE before it was asked for anything");
	intake->oldest = message->oldest;
	intake->newest = message->newest;
	return 0;
}

static int take_sum(struct intake *intake, const struct sync_message *message)
{
	const struct intake_proof *proof = &intake->proofs[intake->proof];
	bool bare = message->flags & SYNC_BARE, finished = message->flags & SYNC_FINISHED;

	if (intake->state != INTAKE_SUM || message->date != proof->date ||
	    message->row > proof->rows)
		return intake_wrong(intake, "a checksum that was not asked for");
	intake->there = message->there;
	if (message->flags & SYNC_GONE) {
		/* a day that it has yet to have is one it has lost */
		intake->gone = intake->proof + 1 == intake->proof_count;
	} else if (message->row != proof->rows ||
		   memcmp(message->sum, proof->sum, SYNC_SUM_SIZE) ||
		   (proof->rows && bare != proof->bare) ||
		   (proof->finished && (!finished || message->there != proof->rows))) {
		intake->differs = proof->date;
		return INTAKE_DIFFERS;
	}
	intake->proof++;
	intake->state = INTAKE_PROVE;
	return 0;
}

static int take_finish(struct intake *intake, const struct sync_message *message)
{
	uint8_t sum[SYNC_SUM_SIZE];
	int err;

	if (intake->state != INTAKE_STREAM || message->date != intake->sum.date ||
	    intake->finished)
		return intake_wrong(intake, "FINISH of a day that is not under way");
	err = intake_commit(intake);
	if (!err)
		err = sync_sum_get(&intake->sum, sum);
	if (err)
		return err;
	if (message->row != intake->sum.row || memcmp(message->sum, sum, SYNC_SUM_SIZE)) {
		intake->differs = message->date;
		intake->there = message->row;
		return INTAKE_DIFFERS;
	}
	err = archive_finish(intake->writer);
	if (err)
		return err;
	intake->finished = true;
	intake->ack = true;
	if (intake->done)
		intake->done(intake->arg);
	return intake->only ? INTAKE_DONE : 0;
}

/* "ID PATH" of a line; a path that is none of a cgroup is not remembered. */
static int take_cgroup(struct intake *intake, char *line)
{
	char *path = strchr(line, ' ');
	uint64_t id;

	if (!path)
		return intake_wrong(intake, "a cgroup without a path");
	*path++ = '\0';
	if (memlog_parse_number(line, &id) || path[0] != '/' || strlen(path) >= 4096)
		return intake_wrong(intake, "a cgroup that can't be");
	return archive_add_cgroup(intake->writer, id, path);
}

static int take_cgroups(struct intake *intake, const struct sync_message *message)
{
	char *lines, *save, *line;
	int err;

	if (intake->state != INTAKE_STREAM || message->date != intake->sum.date ||
	    intake->finished || !intake->sum.row)
		return intake_wrong(intake, "cgroups of a day that is not under way");
	/* they go to the newest day that is on the disk */
	err = intake_commit(intake);
	if (err)
		return err;
	lines = malloc(message->len + 1);
	if (!lines)
		return -ENOMEM;
	memcpy(lines, message->bytes, message->len);
	lines[message->len] = '\0';
	for (line = strtok_r(lines, "\n", &save); line && !err; line = strtok_r(NULL, "\n", &save))
		err = take_cgroup(intake, line);
	free(lines);
	/* who copies from here is told of them, too */
	if (!err && intake->done)
		intake->done(intake->arg);
	return err;
}

int intake_message(struct intake *intake, const uint8_t *bytes, size_t len)
{
	struct sync_message message;
	const char *why = sync_message_get(bytes, len, &message);

	if (why)
		return intake_wrong(intake, "%s", why);
	switch (message.type) {
	case SYNC_HELLO:
		return take_hello(intake, &message);
	case SYNC_RANGE:
		return take_range(intake, &message);
	case SYNC_SUM:
		return take_sum(intake, &message);
	case SYNC_ROWS:
		if (intake->state != INTAKE_STREAM)
			return intake_wrong(intake, "rows before they were asked for");
		return intake_rows(intake, &message);
	case SYNC_FINISH:
		return take_finish(intake, &message);
	case SYNC_CGROUPS:
		return take_cgroups(intake, &message);
	default:
		return intake_wrong(intake, "blocks that were not asked for");
	}
}

/* Where to begin: behind what is here, else as far back as is wanted. */
static void find_start(const struct intake *intake, struct sync_ask *ask)
{
	long days = intake->history;
	uint32_t date = intake->oldest;

	if (intake->only) {
		ask->date = intake->only;
		return;
	}
	if (intake->sum.date) {
		ask->date = intake->finished ? archive_date_add(intake->sum.date, 1) :
					       intake->sum.date;
		ask->number = intake->finished ? 0 : intake->sum.row;
		return;
	}
	if (intake->keep_days && (days < 0 || days > (long)intake->keep_days))
		days = intake->keep_days;
	if (days >= 0 && intake->newest && days <= archive_date_diff(intake->oldest, intake->newest))
		date = archive_date_add(intake->newest, (int)-days);
	ask->date = date ? date : 19700101;
}

static int ask_proof(struct intake *intake, struct sync_ask *ask)
{
	const struct intake_proof *proof;

	/* what it keeps no longer needs no proof, but for where we go on */
	while (intake->proof + 1 < intake->proof_count &&
	       intake->proofs[intake->proof].date < intake->oldest)
		intake->proof++;
	if (!intake->newest && (intake->only || intake->proof_count))
		return intake_wrong(intake, "it has no day at all, and here are some: is its archive there?");
	if (intake->only > intake->newest)
		return INTAKE_NONE;
	if (intake->proof == intake->proof_count) {
		*ask = (struct sync_ask){ .type = SYNC_START };
		find_start(intake, ask);
		intake->state = INTAKE_STREAM;
		return 1;
	}
	/* nor has it ever had a day behind its newest one: the last of those goes first */
	proof = &intake->proofs[intake->proof_count - 1];
	if (proof->date > intake->newest) {
		intake->differs = proof->date;
		intake->there = 0;
		return INTAKE_DIFFERS;
	}
	proof = &intake->proofs[intake->proof];
	*ask = (struct sync_ask){
		.type = SYNC_PROVE, .date = proof->date, .number = proof->rows,
	};
	intake->state = INTAKE_SUM;
	return 1;
}

int intake_next(struct intake *intake, uint8_t bytes[SYNC_ASK_SIZE])
{
	struct sync_ask ask = { 0 };
	int err;

	if (intake->state == INTAKE_PROVE) {
		err = ask_proof(intake, &ask);
		if (err != 1)
			return err;
	} else if (intake->ack) {
		err = intake_commit(intake);
		if (err)
			return err;
		intake->ack = false;
		ask = (struct sync_ask){
			.type = SYNC_ACK, .flags = intake->finished ? SYNC_ACK_FINISHED : 0,
			.date = intake->sum.date, .number = intake->sum.row,
		};
		/* a day that may go on is got as far as it is now */
		if (intake->only == intake->newest && intake->sum.row == intake->there)
			return INTAKE_DONE;
	} else {
		return 0;
	}
	sync_ask_put(bytes, &ask);
	return 1;
}
