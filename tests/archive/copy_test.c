// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of another archive, as they are: with and without a meta, and days that are
 * written again.
 */
#include "archive/date.h"
#include "fixture.h"

/* A row as a master gives it. */
struct row {
	uint8_t index[ARCHIVE_INDEX_SIZE];
	uint8_t head[ARCHIVE_HEAD_SIZE];
	uint8_t meta[ARCHIVE_META_SIZE];
	char text[256];
	size_t len;
};

static uint64_t place;

/* The next row behind @place; 0 begins a day. */
static void make_row(struct row *row, uint64_t seq)
{
	struct archive_index index = { .offset = place, .type = seq % 3 ? 0 : 1001 };
	struct archive_head head;
	struct memlog_record rec;

	row->len = text_of(seq, row->text);
	record_of(seq, seq * 1000, NOON + seq, row->len, &rec);
	head = (struct archive_head) { rec.time_ns / SEC, row->len };
	archive_index_put(row->index, &index);
	archive_head_put(row->head, &head);
	archive_meta_put(row->meta, STREAM, &rec);
	archive_meta_set_sum(row->meta, archive_row_sum(row->index, row->head, row->text,
							row->len, row->meta));
	place += ARCHIVE_HEAD_SIZE + row->len;
}

static int give(struct archive_writer *writer, uint32_t date, const struct row *row, bool meta)
{
	return archive_append_row(writer, date, row->index, row->head, row->text, row->len,
				  meta ? row->meta : NULL);
}

/* Rows @from to @to - 1 of a day, committed in threes. */
static int copy(struct archive_writer *writer, uint32_t date, uint64_t from, uint64_t to,
		bool meta)
{
	struct row row;
	int err = 0;

	for (uint64_t seq = from; !err && seq < to; seq++) {
		make_row(&row, seq);
		err = give(writer, date, &row, meta);
		if (!err && (seq % 3 == 2 || seq == to - 1))
			err = archive_commit(writer);
	}
	return err;
}

TEST_F(folder, as_they_are)
{
	const struct archive_end *end = archive_writer_end(self->writer);
	struct row row;

	place = 0;
	ASSERT_EQ(0, copy(self->writer, 20260105, 0, 10, true));
	EXPECT_EQ(20260105, end->date);
	EXPECT_EQ(10, end->rows);
	EXPECT_EQ(STREAM, end->stream);
	EXPECT_EQ(10, end->seq);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260105, 0, 10));
	make_row(&row, 10);
	EXPECT_EQ(-EINVAL, give(self->writer, 20260230, &row, true));
	EXPECT_EQ(-EBADMSG, give(self->writer, 20260105, &row, false));
	for (int bit = 0; bit < 8; bit++) {
		row.text[3] ^= 1 << bit;
		EXPECT_EQ(-EBADMSG, give(self->writer, 20260105, &row, true));
		row.text[3] ^= 1 << bit;
	}
	row.len--;
	EXPECT_EQ(-EBADMSG, give(self->writer, 20260105, &row, true));
	row.len++;
	/* Not where it would be here. */
	make_row(&row, 10);
	EXPECT_EQ(-EBADMSG, give(self->writer, 20260105, &row, true));
	EXPECT_EQ(0, archive_batched(self->writer));
	/* Another day while this one is open, and one before it that is not ours. */
	place = 0;
	make_row(&row, 0);
	EXPECT_EQ(-EINVAL, give(self->writer, 20260106, &row, true));
	ASSERT_EQ(0, archive_finish(self->writer));
	EXPECT_EQ(-EINVAL, give(self->writer, 20260105, &row, true));
	ASSERT_EQ(0, give(self->writer, 20260107, &row, true));
	EXPECT_EQ(-ENOBUFS, give(self->writer, 20260108, &row, true));
	ASSERT_EQ(0, archive_commit(self->writer));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260107, 0, 1));
	/* Records go on behind them. */
	ADD(1, NOON);
	EXPECT_EQ(2, end->rows);
}

TEST_F(folder, bare)
{
	struct archive_end before;
	size_t size;
	char *text;

	place = 0;
	ASSERT_EQ(0, copy(self->writer, 20260105, 0, 10, false));
	EXPECT_STREQ("data000000 index ", names_in(self->dirfd, "20260105"));
	before = *archive_writer_end(self->writer);
	EXPECT_EQ(0x20260105, before.stream);
	EXPECT_EQ(10, before.seq);
	EXPECT_EQ(place - 10 * ARCHIVE_HEAD_SIZE, before.pos);
	EXPECT_EQ(-EBADMSG, add(self->writer, 10, NOON + 4 * DAY));
	SHUT();
	forget();
	EXPECT_EQ(-EBADMSG, archive_writer_open(&self->writer, self->path, &self->options));
	EXPECT_TRUE(said("20260105 has 10 rows and no meta: another program writes it"));
	EXPECT_TRUE(said("memlog archive repair --add-meta /"));

	/* A client of go-modsynclog goes on with it, half a row or not. */
	self->options.bare = true;
	OPEN();
	EXPECT_EQ(0, memcmp(&before, archive_writer_end(self->writer), sizeof(before)));
	SHUT();
	text = slurp(self->dirfd, "20260105/data000000", &size);
	ASSERT_TRUE(spill(self->dirfd, "20260105/data000000", text, size - 3));
	free(text);
	OPEN();
	EXPECT_EQ(9, archive_writer_end(self->writer)->rows);
	EXPECT_TRUE(said("20260105: cut behind 9 whole rows: 1 rows were not whole "));
	place = size - ARCHIVE_HEAD_SIZE - (40 + 9 * 37 % 200);
	ASSERT_EQ(0, copy(self->writer, 20260105, 9, 12, false));
	EXPECT_EQ(12, archive_writer_end(self->writer)->rows);
	EXPECT_STREQ("data000000 index ", names_in(self->dirfd, "20260105"));
	ASSERT_EQ(0, archive_finish(self->writer));
	REOPEN();
	EXPECT_EQ(12, archive_writer_end(self->writer)->rows);
	EXPECT_EQ(12, archive_writer_end(self->writer)->seq);
	EXPECT_EQ(place - 12 * ARCHIVE_HEAD_SIZE, archive_writer_end(self->writer)->pos);
}

/* A day put aside is written again behind the back of later ones. */
TEST_F(folder, again)
{
	const struct archive_end *end = archive_writer_end(self->writer);

	for (uint32_t date = 20260105; date < 20260108; date++) {
		place = 0;
		ASSERT_EQ(0, copy(self->writer, date, 0, 20, true));
		if (date < 20260107)
			ASSERT_EQ(0, archive_finish(self->writer));
	}
	EXPECT_EQ(-EINVAL, archive_replace(self->writer, 20260230));
	EXPECT_EQ(-ENOENT, archive_replace(self->writer, 20260104));
	ASSERT_EQ(0, archive_replace(self->writer, 20260106));
	EXPECT_STREQ("20260105 20260106.replaced-20260101T120000Z 20260107 lock ",
		     names_in(self->dirfd, ""));
	EXPECT_EQ(20260107, end->date);
	place = 0;
	ASSERT_EQ(0, copy(self->writer, 20260106, 0, 30, true));
	/* Nobody sees half of it. */
	EXPECT_FALSE(there(self->dirfd, "20260106"));
	EXPECT_EQ(20260106, end->date);
	EXPECT_EQ(30, end->rows);
	EXPECT_EQ(-EINVAL, add(self->writer, 30, NOON));
	EXPECT_EQ(-EINVAL, archive_replace(self->writer, 20260105));
	/* Given up: the next opening removes it. */
	REOPEN();
	end = archive_writer_end(self->writer);
	EXPECT_EQ(20260107, end->date);
	EXPECT_EQ(20, end->rows);
	place = 0;
	ASSERT_EQ(0, copy(self->writer, 20260106, 0, 30, true));
	ASSERT_EQ(0, archive_finish(self->writer));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260106, 0, 30));
	EXPECT_TRUE(there(self->dirfd, "20260106/finish"));
	/* And the newest is gone on with. */
	EXPECT_EQ(20260107, end->date);
	EXPECT_EQ(20, end->rows);
	EXPECT_EQ(20, end->seq);
	EXPECT_EQ(false, end->finished);
	place = 0;
	for (int seq = 0; seq < 20; seq++)
		place += ARCHIVE_HEAD_SIZE + 40 + seq * 37 % 200;
	ASSERT_EQ(0, copy(self->writer, 20260107, 20, 40, true));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260107, 0, 40));

	/* The newest itself, twice in a second. */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, archive_replace(self->writer, 20260107));
		EXPECT_EQ(20260106, end->date);
		EXPECT_EQ(true, end->finished);
		EXPECT_EQ(30, end->seq);
		place = 0;
		ASSERT_EQ(0, copy(self->writer, 20260107, 0, 5, true));
	}
	EXPECT_TRUE(has_exactly(self->dirfd, 20260107, 0, 5));
	EXPECT_TRUE(there(self->dirfd, "20260107.replaced-20260101T120000Z-2"));
	REOPEN();
	EXPECT_EQ(5, archive_writer_end(self->writer)->rows);
}

/* The end is that of the last record, days before the newest if need be. */
TEST_F(folder, end_before)
{
	ADD(0, NOON);
	ADD(1, NOON);
	ASSERT_EQ(0, archive_finish(self->writer));
	SHUT();
	for (uint32_t date = 20260102; date < 20260105; date++) {
		char name[9];

		archive_date_name(name, date);
		ASSERT_EQ(0, mkdirat(self->dirfd, name, 0750));
	}
	OPEN();
	EXPECT_EQ(20260104, archive_writer_end(self->writer)->date);
	EXPECT_EQ(0, archive_writer_end(self->writer)->rows);
	EXPECT_EQ(STREAM, archive_writer_end(self->writer)->stream);
	EXPECT_EQ(2, archive_writer_end(self->writer)->seq);
	EXPECT_TRUE(there(self->dirfd, "20260103/finish"));
	EXPECT_TRUE(said("20260103 is finished: later days are there"));
	ADD(2, NOON);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260104, 2, 3));
}

#define GOLDEN	"tests/archive/golden/20261120/"

/* Row by row, a folder of go-modsynclog becomes the same bytes here. */
TEST_F(folder, golden)
{
	const struct archive_end *end = archive_writer_end(self->writer);
	size_t index_size, data_size, size;
	char *index = slurp(AT_FDCWD, GOLDEN "index", &index_size);
	char *data = slurp(AT_FDCWD, GOLDEN "data000000", &data_size);
	char *mine;

	ASSERT_EQ(48, index_size);
	for (int i = 0; i < 4; i++) {
		const uint8_t *at = (uint8_t *)index + i * ARCHIVE_INDEX_SIZE;
		struct archive_index row;
		struct archive_head head;

		ASSERT_EQ(0, archive_index_get(at, &row));
		ASSERT_EQ(0, archive_head_get((uint8_t *)data + row.offset, &head));
		ASSERT_EQ(0, archive_append_row(self->writer, 20261120, at,
						(uint8_t *)data + row.offset,
						data + row.offset + ARCHIVE_HEAD_SIZE, head.len,
						NULL));
		ASSERT_EQ(0, archive_commit(self->writer));
	}
	ASSERT_EQ(0, archive_finish(self->writer));
	EXPECT_STREQ("data000000 finish index ", names_in(self->dirfd, "20261120"));
	mine = slurp(self->dirfd, "20261120/index", &size);
	EXPECT_EQ(index_size, size);
	EXPECT_EQ(0, memcmp(index, mine, size));
	free(mine);
	mine = slurp(self->dirfd, "20261120/data000000", &size);
	EXPECT_EQ(data_size, size);
	EXPECT_EQ(0, memcmp(data, mine, size));
	free(mine);
	REOPEN();
	end = archive_writer_end(self->writer);
	EXPECT_EQ(4, end->rows);
	EXPECT_EQ(0x20261120, end->stream);
	EXPECT_EQ(344 - 4 * ARCHIVE_HEAD_SIZE, end->pos);
	/* Ours go on in a day of their own. */
	ADD(0, NOON);
	EXPECT_TRUE(has_exactly(self->dirfd, 20261121, 0, 1));
	free(index);
	free(data);
}

TEST_HARNESS_MAIN
