// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "format.h"

static const struct {
	const char *name;
	enum style style;
} styles[] = {
	{ "short", STYLE_SHORT },
	{ "short-precise", STYLE_SHORT_PRECISE },
	{ "short-iso", STYLE_SHORT_ISO },
	{ "short-iso-precise", STYLE_SHORT_ISO_PRECISE },
	{ "short-unix", STYLE_SHORT_UNIX },
	{ "cat", STYLE_CAT },
	{ "json", STYLE_JSON },
	{ "verbose", STYLE_VERBOSE },
};

/* As journalctl has them: bold red, yellow, bold, plain, grey. */
static const char *const level_colours[] = {
	"\033[1;31m", "\033[1;31m", "\033[1;31m", "\033[1;31m",
	"\033[1;33m", "\033[1m", "", "\033[90m",
};

#define COLOUR_OFF	"\033[0m"
#define COLOUR_NOTE	"\033[1;35m"

void format_init(struct format *format)
{
	memset(format, 0, sizeof(*format));
	format->second = -1;
	format->open_seq = MEMLOG_SEQ_NONE;
}

bool format_parse_style(struct format *format, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(styles); i++) {
		if (!strcmp(styles[i].name, name)) {
			format->style = styles[i].style;
			return true;
		}
	}
	return false;
}

/* Ends the line of a record that was to be continued. */
void format_end(struct format *format, struct out *out)
{
	if (format->open_seq != MEMLOG_SEQ_NONE)
		out_char(out, '\n');
	format->open_seq = MEMLOG_SEQ_NONE;
}

/* Once a second, for all records of it. */
static void set_second(struct format *format, time_t second)
{
	struct tm tm;
	char zone[8];

	format->second = second;
	format->zone[0] = '\0';
	if (format->utc)
		gmtime_r(&second, &tm);
	else
		localtime_r(&second, &tm);
	switch (format->style) {
	case STYLE_SHORT_UNIX:
		snprintf(format->head, sizeof(format->head), "%lld", (long long)second);
		break;
	case STYLE_SHORT:
	case STYLE_SHORT_PRECISE:
		strftime(format->head, sizeof(format->head), "%b %d %H:%M:%S", &tm);
		break;
	default:
		strftime(format->head, sizeof(format->head), "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof(zone), "%z", &tm);
		if (format->utc)
			strcpy(format->zone, "Z");
		else
			snprintf(format->zone, sizeof(format->zone), "%.3s:%s", zone,
				 zone + 3);
	}
}

static void put_time(struct format *format, struct out *out, uint64_t ns)
{
	time_t second = (time_t)(ns / NSEC_PER_SEC);

	if (second != format->second)
		set_second(format, second);
	out_string(out, format->head);
	if (format->style != STYLE_SHORT && format->style != STYLE_SHORT_ISO) {
		out_char(out, '.');
		out_number(out, ns % NSEC_PER_SEC / 1000, 6, '0');
	}
	out_string(out, format->zone);
}

/* The writer chose it: it stands before the text and could pass for anything. */
static void put_comm(struct out *out, const struct memlog_record *rec)
{
	out_escaped(out, rec->comm, strnlen(rec->comm, sizeof(rec->comm)));
}

static void put_pri(struct out *out, const struct memlog_record *rec)
{
	out_string(out, memlog_facility_name(rec->pri >> 3));
	out_char(out, '.');
	out_string(out, memlog_level_name(rec->pri));
}

/* "Nov 21 21:44:03 sh[123]: " Return: how wide it is. */
static size_t put_prefix(struct format *format, struct out *out,
			 const struct memlog_record *rec)
{
	size_t start;

	/* It is in the buffer as a whole, so that it can be measured. */
	if (!out_room(out, 256))
		return 0;
	start = out->len;
	put_time(format, out, rec->time_ns);
	out_char(out, ' ');
	if (format->decode) {
		put_pri(out, rec);
		out_char(out, ' ');
	}
	put_comm(out, rec);
	if (rec->pid != MEMLOG_ID_NONE) {
		out_char(out, '[');
		out_number(out, rec->pid, 0, ' ');
		out_char(out, ']');
	}
	out_bytes(out, ": ", 2);
	if (rec->type != MEMLOG_TYPE_TEXT) {
		out_string(out, "[type ");
		out_number(out, rec->type, 0, ' ');
		out_bytes(out, "] ", 2);
	}
	return out->len - start;
}

static void put_text(struct format *format, struct out *out, const char *text,
		     size_t len)
{
	if (format->escape)
		out_escaped(out, text, len);
	else
		out_bytes(out, text, len);
}

/* The newline at the end, and on a terminal the CR before it. */
static size_t trim(const struct format *format, const char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		len--;
	if (format->escape && len && text[len - 1] == '\r')
		len--;
	return len;
}

/*
 * Further lines stand below the first one, so that none of them can pass for a
 * record of its own.
 */
static void put_lines(struct format *format, struct out *out, const char *text,
		      size_t len, size_t indent)
{
	const char *newline;

	for (;;) {
		newline = memchr(text, '\n', len);
		if (!newline)
			break;
		put_text(format, out, text, trim(format, text, (size_t)(newline + 1 - text)));
		out_char(out, '\n');
		out_spaces(out, indent);
		len -= (size_t)(newline + 1 - text);
		text = newline + 1;
	}
	put_text(format, out, text, len);
}

static void put_body(struct format *format, struct out *out,
		     const struct memlog_record *rec, const char *text, size_t indent)
{
	const char *colour = format->colour ? level_colours[rec->pri & 7] : "";
	bool more = rec->flags & MEMLOG_PARTIAL;
	size_t len = more ? rec->len : trim(format, text, rec->len);

	out_string(out, colour);
	put_lines(format, out, text, len, indent);
	if (*colour)
		out_string(out, COLOUR_OFF);
	if (more)
		format->open_seq = rec->seq;
	else
		out_char(out, '\n');
}

static bool continues(const struct format *format, const struct memlog_record *rec)
{
	return rec->flags & MEMLOG_JOIN && format->open_seq == rec->seq - 1;
}

static void put_short(struct format *format, struct out *out,
		      const struct memlog_record *rec, const char *text)
{
	size_t indent = 8;

	if (continues(format, rec)) {
		format->open_seq = MEMLOG_SEQ_NONE;
	} else {
		format_end(format, out);
		indent = put_prefix(format, out, rec);
	}
	put_body(format, out, rec, text, indent);
}

/* As read(2) of a device gives it: a newline where one is missing. */
static void put_cat(struct format *format, struct out *out,
		    const struct memlog_record *rec, const char *text)
{
	if (format->escape || format->colour) {
		if (continues(format, rec))
			format->open_seq = MEMLOG_SEQ_NONE;
		format_end(format, out);
		put_body(format, out, rec, text, 0);
		return;
	}
	if (format->open_seq != MEMLOG_SEQ_NONE) {
		if (continues(format, rec))
			format->open_seq = MEMLOG_SEQ_NONE;
		format_end(format, out);
	}
	out_bytes(out, text, rec->len);
	if (rec->len && text[rec->len - 1] == '\n')
		return;
	if (rec->flags & MEMLOG_PARTIAL)
		format->open_seq = rec->seq;
	else
		out_char(out, '\n');
}

static void put_json(struct format *format, struct out *out,
		     const struct memlog_record *rec, const char *text)
{
	const char *service = cgroup_name(rec->cgroup);
	size_t room = memlog_json_room(rec, service) + 1;
	char *to = out_room(out, room);
	size_t len;

	if (!to)
		return;
	len = memlog_json_record(to, room, rec, text, service);
	if (format->escape) {
		char *copy = strndup(to, len);

		if (copy)
			out_escaped_json(out, copy, len);
		free(copy);
	} else {
		out->len += len;
	}
	out_char(out, '\n');
}

static void put_verbose(struct format *format, struct out *out,
			const struct memlog_record *rec, const char *text)
{
	const char *service = cgroup_name(rec->cgroup);
	char line[160];

	put_time(format, out, rec->time_ns);
	snprintf(line, sizeof(line), " [%016" PRIx64 ":%" PRIu64 "]\n    ",
		 format->stream, (uint64_t)rec->seq);
	out_string(out, line);
	put_pri(out, rec);
	snprintf(line, sizeof(line), " type=%u flags=%s%s%s pos=%" PRIu64 " len=%u\n",
		 rec->type, rec->flags & MEMLOG_PARTIAL ? "partial" : "",
		 rec->flags & MEMLOG_PARTIAL && rec->flags & MEMLOG_JOIN ? "," : "",
		 rec->flags & MEMLOG_JOIN ? "join" : "", (uint64_t)rec->pos, rec->len);
	out_string(out, line);
	out_string(out, "    comm=");
	put_comm(out, rec);
	if (rec->pid != MEMLOG_ID_NONE) {
		snprintf(line, sizeof(line), " pid=%u uid=%u cgroup=%" PRIu64, rec->pid,
			 rec->uid, (uint64_t)rec->cgroup);
		out_string(out, line);
	}
	if (*service) {
		out_string(out, " service=");
		out_escaped(out, service, strlen(service));
	}
	out_string(out, "\n    ");
	put_body(format, out, rec, text, 4);
	format_end(format, out);
}

void format_record(struct format *format, struct out *out,
		   const struct memlog_record *rec, const char *text)
{
	switch (format->style) {
	case STYLE_CAT:
		put_cat(format, out, rec, text);
		break;
	case STYLE_JSON:
		put_json(format, out, rec, text);
		break;
	case STYLE_VERBOSE:
		put_verbose(format, out, rec, text);
		break;
	default:
		put_short(format, out, rec, text);
	}
}

static void put_note(struct format *format, struct out *out, const char *line)
{
	format_end(format, out);
	if (format->colour)
		out_string(out, COLOUR_NOTE);
	out_string(out, line);
	if (format->colour)
		out_string(out, COLOUR_OFF);
	out_char(out, '\n');
}

void format_loss(struct format *format, struct out *out,
		 const struct memlog_loss *loss)
{
	char line[160];

	if (format->style == STYLE_JSON) {
		memlog_json_lost(line, sizeof(line), loss);
		out_string(out, line);
		out_char(out, '\n');
		return;
	}
	if (loss->flags & MEMLOG_LOSS_BYTES_UNKNOWN)
		snprintf(line, sizeof(line), "-- lost %" PRIu64 " records --",
			 loss->records);
	else
		snprintf(line, sizeof(line), "-- lost %" PRIu64 " records, %" PRIu64
			 " bytes --", loss->records, loss->bytes);
	put_note(format, out, line);
}

/* Another stream has begun; @next_seq would have been the next of the old one. */
void format_stream(struct format *format, struct out *out, uint64_t next_seq,
		   uint64_t stream)
{
	char line[160];

	if (format->style == STYLE_JSON) {
		memlog_json_ended(line, sizeof(line), format->stream, next_seq);
		out_string(out, line);
		out_char(out, '\n');
	} else {
		snprintf(line, sizeof(line), "-- stream %016" PRIx64 " ended, %016" PRIx64
			 " begins --", format->stream, stream);
		put_note(format, out, line);
	}
	format->stream = stream;
}
