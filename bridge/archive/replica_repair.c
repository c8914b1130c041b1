// SPDX-License-Identifier: GPL-2.0-only
/*
 * A day that differs is fetched again, into a folder beside the others, and takes
 * the old one's place only when it is all there. Whatever instant this is killed
 * at, one of the two is in its place, or is put there at the next start.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../log.h"
#include "replica.h"
#include "replica_intake.h"

/* No name of a day: readers pass it over. */
#define BESIDE	"repair.tmp"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_beside(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}

/* From beside into its place, which is free. */
static int put_in_place(const char *dir, uint32_t date)
{
	char name[ARCHIVE_DATE_NAME], *from = NULL, *to = NULL;
	int err = -ENOMEM;

	archive_date_name(name, date);
	if (asprintf(&from, "%s/" BESIDE "/%s", dir, name) < 0)
		from = NULL;
	if (asprintf(&to, "%s/%s", dir, name) < 0)
		to = NULL;
	if (from && to)
		err = rename(from, to) ? -errno : sync_folder(dir);
	free(from);
	free(to);
	return err;
}

/* Which day a repair has left whose place is free, 0 none. */
static uint32_t left_over(const char *dir, const char *beside)
{
	int fd = open(beside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[ARCHIVE_DATE_NAME], *path;
	uint32_t *dates = NULL, date = 0;
	struct stat st;
	size_t count = 0;

	if (fd < 0)
		return 0;
	if (!archive_days(fd, &dates, &count) && count == 1) {
		archive_date_name(name, dates[0]);
		if (asprintf(&path, "%s/%s", dir, name) >= 0) {
			date = lstat(path, &st) && errno == ENOENT ? dates[0] : 0;
			free(path);
		}
	}
	free(dates);
	close(fd);
	return date;
}

bool replica_mend(struct replica_channel *channel)
{
	struct stat st;
	uint32_t date;
	char *beside;
	bool left;
	int err = 0;

	if (asprintf(&beside, "%s/" BESIDE, channel->dir) < 0)
		return false;
	left = !lstat(beside, &st);
	if (left) {
		date = left_over(channel->dir, beside);
		if (date)
			err = put_in_place(channel->dir, date);
		if (err)
			log_error("channel %s: can't put the repaired day %u in its place: %s",
				  channel->name, date, strerror(-err));
		else
			remove_beside(beside);
	}
	free(beside);
	return left;
}

/**
 * struct repair - A day that is fetched.
 * @intake: Where it goes.
 * @channel: Whose.
 */
struct repair {
	struct intake intake;
	struct replica_channel *channel;
};

static int on_message(void *arg, const uint8_t *bytes, size_t len)
{
	struct repair *repair = arg;

	return intake_message(&repair->intake, bytes, len);
}

static int on_next(void *arg, uint8_t ask[SYNC_ASK_SIZE])
{
	struct repair *repair = arg;

	return intake_next(&repair->intake, ask);
}

static int on_tick(void *arg)
{
	struct repair *repair = arg;

	return replica_stopping(repair->channel->replica) ? -EINTR : 0;
}

static const struct link_ops repair_ops = {
	.message = on_message,
	.next = on_next,
	.tick = on_tick,
};

static void say_failed(struct repair *repair, int result, const char *why)
{
	const char *reason = result == INTAKE_WRONG ? repair->intake.why :
			     result == INTAKE_DIFFERS ? "what came is not what the master summed up" :
			     result == LINK_CLOSED ? why : strerror(-result);

	if (result != -EINTR)
		replica_say(repair->channel, "day %u could not be fetched again, and stays as it is: %s",
			    repair->intake.only, reason);
}

static int fetch(struct replica_channel *channel, const char *beside, uint32_t date)
{
	const struct archive_options options = {
		.sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1,
	};
	struct repair repair = {
		.channel = channel, .intake = { .name = channel->name, .only = date },
	};
	char why[LINK_WHY_SIZE] = "the connection was lost";
	int result = archive_writer_open(&repair.intake.writer, beside, &options);

	if (result) {
		say_failed(&repair, result, "");
		return result;
	}
	result = intake_open(&repair.intake, beside, &channel->replica->stop);
	if (!result)
		result = replica_link_run(&channel->replica->options.from, channel->name,
					  &repair_ops, &repair, why);
	if (result == INTAKE_DONE)
		result = archive_sync(repair.intake.writer);
	if (result && result != INTAKE_NONE)
		say_failed(&repair, result, why);
	intake_close(&repair.intake);
	archive_writer_close(repair.intake.writer);
	return result;
}

/* Puts the old day aside, and the new one in its place, if there is one. */
static int exchange(struct replica_channel *channel, uint32_t date, bool fetched)
{
	int err = archive_replace(channel->writer, date);

	if (!err && fetched)
		err = put_in_place(channel->dir, date);
	/* who writes has to find it there when it opens the archive again */
	replica_close_writer(channel);
	if (err)
		replica_say(channel, "can't replace day %u: %s", date, strerror(-err));
	return err;
}

int replica_repair(struct replica_channel *channel, uint32_t date)
{
	bool fetched;
	char *beside;
	int err;

	if (asprintf(&beside, "%s/" BESIDE, channel->dir) < 0)
		return -ENOMEM;
	remove_beside(beside);
	err = fetch(channel, beside, date);
	fetched = !err;
	if (err && err != INTAKE_NONE) {
		remove_beside(beside);
	} else {
		/* if that fails half way, the next opening goes on with it */
		err = exchange(channel, date, fetched);
		if (!err)
			log_error("channel %s: day %u %s; the old one is %u.replaced-TIME",
				  channel->name, date, fetched ? "was fetched again" :
				  "is behind all days of the master, which has gone back", date);
	}
	free(beside);
	return err ? -EIO : 0;
}
