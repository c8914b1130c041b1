// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsync_days.h"

/* Texts of a batch: what a frame holds beside the rows' headers. */
#define TEXT_ROOM	(MODSYNC_BATCH_BYTES - MODSYNC_BATCH_ROWS * MODSYNC_ROW_SIZE)

#define FOLDER_FLAGS	(O_RDONLY | O_DIRECTORY | O_CLOEXEC)

int modsync_days_init(struct modsync_days *days, const char *path)
{
	int err = 0;

	*days = (struct modsync_days){
		.path = strdup(path), .dirfd = open(path, FOLDER_FLAGS),
		.text = malloc(TEXT_ROOM), .text_room = TEXT_ROOM,
		.content = malloc(MODSYNC_BATCH_BYTES), .content_room = MODSYNC_BATCH_BYTES,
	};
	if (days->dirfd < 0)
		err = -errno;
	else if (!days->path || !days->text || !days->content)
		err = -ENOMEM;
	if (err)
		modsync_days_uninit(days);
	return err;
}

void modsync_days_uninit(struct modsync_days *days)
{
	if (days->dirfd >= 0)
		close(days->dirfd);
	free(days->path);
	free(days->text);
	free(days->content);
	*days = (struct modsync_days){ .dirfd = -1 };
}

/* A folder that was removed and made anew is another one. */
static void look_at_folder(struct modsync_days *days)
{
	struct stat st;
	int fd;

	if (fstat(days->dirfd, &st) || st.st_nlink)
		return;
	fd = open(days->path, FOLDER_FLAGS);
	if (fd < 0)
		return;
	close(days->dirfd);
	days->dirfd = fd;
	days->newest = 0;
}

static bool has_rows(struct modsync_days *days, uint32_t date)
{
	struct archive_day *day;
	bool has;

	if (archive_day_open(&day, days->dirfd, date))
		return false;
	has = archive_day_rows(day);
	archive_day_close(day);
	return has;
}

void modsync_days_look(struct modsync_days *days)
{
	uint32_t *dates;
	size_t count;

	look_at_folder(days);
	if (archive_days(days->dirfd, &dates, &count))
		return;
	/* Readers of others make empty folders for days to come. */
	while (count && dates[count - 1] > days->newest && !has_rows(days, dates[count - 1]))
		count--;
	if (count && dates[count - 1] > days->newest)
		days->newest = dates[count - 1];
	free(dates);
}

void modsync_place_set(struct modsync_place *place, uint32_t date, uint64_t row)
{
	if (place->date != date)
		modsync_place_clear(place);
	place->date = date;
	place->row = row;
	place->damaged = false;
}

void modsync_place_clear(struct modsync_place *place)
{
	archive_day_close(place->day);
	place->day = NULL;
	place->date = 0;
}

/* A day that is written anew while later ones are there goes by other names. */
static bool being_made(const struct modsync_days *days, uint32_t date)
{
	int fd = openat(days->dirfd, ".", FOLDER_FLAGS);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char name[ARCHIVE_DATE_NAME];
	const struct dirent *entry;
	bool found = !dir;

	if (!dir && fd >= 0)
		close(fd);
	archive_date_name(name, date);
	while (!found && (entry = readdir(dir))) {
		const char *at = entry->d_name;
		size_t len = strlen(name);

		if (at[0] == '.')
			found = !strncmp(at + 1, name, len) && !strcmp(at + 1 + len, ".part");
		else
			found = !strncmp(at, name, len) && at[len] == '.';
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Has the day as it is now; without one, that is how it is. */
static int look_at_day(struct modsync_days *days, struct modsync_place *place)
{
	int err;

	if (place->day) {
		err = archive_day_refresh(place->day);
		if (err != -ESTALE)
			return err;
		archive_day_close(place->day);
		place->day = NULL;
	}
	err = archive_day_open(&place->day, days->dirfd, place->date);
	if (err)
		place->day = NULL;
	return err == -ENOENT ? 0 : err;
}

static int grow(void **buf, size_t *room, size_t wanted)
{
	void *bigger;

	if (wanted <= *room)
		return 0;
	bigger = realloc(*buf, wanted);
	if (!bigger)
		return -ENOMEM;
	*buf = bigger;
	*room = wanted;
	return 0;
}

/* After a row that took much more, so that nothing is kept that is seldom used. */
static void shrink(void **buf, size_t *room, size_t wanted)
{
	void *smaller = *room > wanted ? realloc(*buf, wanted) : NULL;

	if (!smaller)
		return;
	*buf = smaller;
	*room = wanted;
}

static int read_batch(struct modsync_days *days, struct modsync_place *place)
{
	int n;

	shrink(&days->text, &days->text_room, TEXT_ROOM);
	shrink(&days->content, &days->content_room, MODSYNC_BATCH_BYTES);
	n = archive_day_read(place->day, place->row, days->rows, MODSYNC_BATCH_ROWS,
			     days->text, days->text_room, true);
	if (n != -ENOBUFS)
		return n;
	/* One row that alone is more than a batch is a batch. */
	n = grow(&days->text, &days->text_room, days->rows[0].rec.len);
	if (!n)
		n = archive_day_read(place->day, place->row, days->rows, 1, days->text,
				     days->text_room, true);
	return n;
}

static int put_rows(struct modsync_days *days, const struct modsync_place *place, int count,
		    size_t *len)
{
	const char *text = days->text;
	size_t at = 0, size = 0;

	for (int i = 0; i < count; i++)
		size += MODSYNC_ROW_SIZE + days->rows[i].rec.len;
	if (grow(&days->content, &days->content_room, size))
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		const struct archive_row *from = &days->rows[i];
		struct modsync_row row = {
			.date = place->date,
			.time = (uint32_t)(from->rec.time_ns / 1000000000),
			.id = place->row + (unsigned int)i,
			.file = from->index.file,
			.offset = from->index.offset,
			.type = from->index.type,
			.len = from->rec.len,
		};

		modsync_row_put((uint8_t *)days->content + at, &row);
		at += MODSYNC_ROW_SIZE;
		memcpy((uint8_t *)days->content + at, text, row.len);
		at += row.len;
		text += row.len;
	}
	*len = at;
	return 0;
}

int modsync_days_next(struct modsync_days *days, struct modsync_place *place, size_t *len)
{
	/* Asked for before the rows: with a later day there, those that are seen are all. */
	bool complete = place->date < days->newest;
	int err = look_at_day(days, place), n;

	if (err)
		return err;
	if (!place->day || place->row >= archive_day_rows(place->day)) {
		if (place->day)
			complete |= archive_day_finished(place->day);
		else
			complete = complete && !being_made(days, place->date);
		return complete ? MODSYNC_END : MODSYNC_WAIT;
	}
	n = read_batch(days, place);
	if (n < 0) {
		/* What is mended by then must not come from what was read before. */
		archive_day_close(place->day);
		place->day = NULL;
	}
	if (n <= 0)
		return n;
	err = put_rows(days, place, n, len);
	if (err)
		return err;
	place->row += (unsigned int)n;
	place->damaged = false;
	return MODSYNC_BATCH;
}
