// SPDX-License-Identifier: GPL-2.0-only
/* Readers that count: see reader.h. text.c has those of text. */
#include <poll.h>

#include "../device/map.h"
#include "reader.h"

const char *reader_kind_name(enum reader_kind kind)
{
	static const char *const names[READ_KINDS] = {
		[READ_TEXT] = "text",
		[READ_RECORD] = "record",
		[READ_MAP] = "mmap",
		[READ_BYTES] = "bytes",
	};

	return names[kind];
}

int reader_open(struct reader *r, enum reader_kind kind)
{
	struct memlog_info info;
	int ret;

	*r = (struct reader){ .kind = kind, .last = { -1, -1, -1, -1 } };
	/* The mmap reader polls, the others wait in read(2). */
	r->fd = dev_open(O_RDONLY | (kind == READ_MAP ? O_NONBLOCK : 0));
	if (r->fd < 0)
		return r->fd;
	ret = dev_lseek(r->fd, 0, SEEK_END);
	if (!ret && kind == READ_RECORD)
		ret = dev_format(r->fd, MEMLOG_FORMAT_RECORD, 0);
	if (!ret)
		ret = dev_info(r->fd, &info);
	r->seq = info.reader_seq;
	r->pos = info.reader_pos;
	return ret;
}

/* Note the first thing that is wrong; the reader ends. */
bool reader_wrong(struct reader *r, const char *what, __u64 number)
{
	if (!r->wrong[0])
		snprintf(r->wrong, sizeof(r->wrong), "%s (%llu), record %llu",
			 what, number, r->records);
	return false;
}

/* One whole record: it has to prove itself, and to come in order. */
bool reader_take(struct reader *r, const char *text, size_t len, bool *end)
{
	struct payload p;

	if (!payload_parse(text, len, &p) || p.len % LEN_UNIT)
		return reader_wrong(r, "a record that is not what was written",
				    len);
	r->records++;
	r->bytes += len;
	*end = p.writer == END_WRITER;
	if (*end)
		return true;
	if (p.writer >= WRITERS)
		return reader_wrong(r, "no such writer", p.writer);
	if ((int64_t)p.seq <= r->last[p.writer])
		return reader_wrong(r, "a record twice or late", p.seq);
	r->last[p.writer] = p.seq;
	return true;
}

static bool take_record(struct reader *r, const struct memlog_record *rec,
			const char *text, bool *end)
{
	__u64 seq = r->seq + r->records + r->lost_records;
	__u64 pos = r->pos + r->bytes + r->lost_bytes;

	if (rec->seq < seq || rec->pos < pos)
		return reader_wrong(r, "seq or pos goes back", rec->seq);
	if ((rec->seq == seq) != (rec->pos == pos))
		return reader_wrong(r, "a gap in one of seq and pos", rec->seq);
	r->laps += rec->seq > seq;
	r->lost_records += rec->seq - seq;
	r->lost_bytes += rec->pos - pos;
	return reader_take(r, text, rec->len, end);
}

static void record_run(struct reader *r)
{
	static _Thread_local struct rec_reader rr;
	const struct memlog_record *rec;
	const char *text;
	bool end = false;
	int ret;

	rec_init(&rr, r->fd);
	while (!end) {
		ret = rec_next(&rr, &rec, &text);
		if (ret != 1) {
			reader_wrong(r, "read failed", -ret);
			return;
		}
		if (!take_record(r, rec, text, &end))
			return;
	}
}

static void map_run(struct reader *r)
{
	struct memlog_record rec;
	struct map_reader m;
	char text[4096];
	bool end = false;
	int ret = map_open(&m, r->fd);

	while (!ret && !end) {
		ret = map_next(&m, &rec, text, sizeof(text));
		if (ret == 0) {
			ret = map_wait(&m, -1);
			ret = ret < 0 ? ret : 0;
		} else if (ret == 1) {
			ret = take_record(r, &rec, text, &end) ? 0 : -EPROTO;
		}
	}
	if (ret)
		reader_wrong(r, "mapping failed", -ret);
	else if (m.lost_records != r->lost_records ||
		 m.lost_bytes != r->lost_bytes)
		reader_wrong(r, "the map counts another loss", m.lost_records);
	map_close(&m);
}

void *reader_run(void *reader)
{
	struct reader *r = reader;

	switch (r->kind) {
	case READ_TEXT:
		text_run(r, 65536);
		break;
	case READ_BYTES:
		text_run(r, 1);
		break;
	case READ_RECORD:
		record_run(r);
		break;
	default:
		map_run(r);
	}
	return NULL;
}
