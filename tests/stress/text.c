// SPDX-License-Identifier: GPL-2.0-only
/* Readers of text that count: lines, cut lines, lost lines. */
#include "reader.h"

/*
 * A line is held back until the next one is there: a lost line behind it says
 * whether it is a record cut short.
 */
struct text_state {
	struct reader *r;
	char held[4096];
	size_t held_len;	/* 0: nothing is held */
	char line[4096];
	size_t len;
	bool end;
};

static bool is_payload(const char *line, size_t len)
{
	struct payload p;

	return payload_parse(line, len, &p);
}

static bool take_held(struct text_state *s)
{
	bool good = true, end;

	if (s->held_len)
		good = reader_take(s->r, s->held, s->held_len, &end);
	s->held_len = 0;
	return good;
}

/* The line before a loss: whole, or a record cut short and a newline added. */
static bool take_cut(struct text_state *s, __u64 lost_bytes)
{
	size_t len = s->held_len;

	if (!len)
		return !(lost_bytes % LEN_UNIT) ||
		       reader_wrong(s->r, "lost a part of no record",
				    lost_bytes);
	if (lost_bytes % LEN_UNIT == 0 && is_payload(s->held, len))
		return take_held(s);
	/* The newline at its end was added and counts nowhere. */
	len--;
	if ((len + lost_bytes) % LEN_UNIT || s->held[0] != 'w')
		return reader_wrong(s->r, "a cut line and a loss don't match",
				    lost_bytes);
	s->r->bytes += len;
	s->held_len = 0;
	return true;
}

static bool take_lost(struct text_state *s, __u64 records, __u64 bytes)
{
	s->r->laps++;
	if (!take_cut(s, bytes))
		return false;
	if (!records || !bytes)
		return reader_wrong(s->r, "a loss of nothing", records);
	s->r->lost_records += records;
	s->r->lost_bytes += bytes;
	return true;
}

static bool take_line(struct text_state *s)
{
	unsigned long long records, bytes;
	struct payload p;
	char tail = 0;

	s->line[s->len] = '\0';
	if (sscanf(s->line, "memlog: lost %llu records, %llu bytes%c", &records,
		   &bytes, &tail) == 3 && tail == '\n')
		return take_lost(s, records, bytes);
	if (!take_held(s))
		return false;
	memcpy(s->held, s->line, s->len);
	s->held_len = s->len;
	if (payload_parse(s->held, s->len, &p) && p.writer == END_WRITER) {
		s->end = true;
		return take_held(s);
	}
	return true;
}

static bool take_text(struct text_state *s, const char *text, size_t len)
{
	while (len--) {
		if (s->len == sizeof(s->line) - 1)
			return reader_wrong(s->r, "a line too long", s->len);
		s->line[s->len++] = *text;
		if (*text++ != '\n')
			continue;
		if (!take_line(s))
			return false;
		s->len = 0;
	}
	return true;
}

/* Read by @chunk bytes until the end mark. */
void text_run(struct reader *r, size_t chunk)
{
	struct text_state s = { .r = r };
	char *buf = malloc(chunk);

	while (buf && !s.end) {
		ssize_t n = get(r->fd, buf, chunk);

		if (n <= 0) {
			reader_wrong(r, "read failed", -n);
			break;
		}
		if (!take_text(&s, buf, n))
			break;
	}
	free(buf);
}
