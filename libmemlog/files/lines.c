// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

/* A longer line is written in pieces of LINE_MOST, which the channel cuts on. */
#define LINE_LEAST	65536
#define LINE_MOST	(1U << 20)

/* "<N>" as the device takes it: 1 to 3 digits, at most 191, a byte behind it. */
static int take_prefix(const char **text, size_t *len, int pri)
{
	const char *s = *text, *end = s + *len;
	int n = 0, digits = 0;

	if (s == end || *s++ != '<')
		return pri;
	for (; s < end && isdigit((unsigned char)*s) && digits < 3; s++, digits++)
		n = n * 10 + (*s - '0');
	if (!digits || n > MEMLOG_PRI_MAX || s == end || *s++ != '>' || s == end)
		return pri;
	*len -= (size_t)(s - *text);
	*text = s;
	return n < MEMLOG_PRI_MIN ? n + MEMLOG_PRI_MIN : n;
}

static void put_line(struct lines *lines, char *text, size_t len)
{
	const char *line = text;
	int pri = lines->pri;
	int err;

	if (!lines->keep_cr && len >= 2 && text[len - 1] == '\n' &&
	    text[len - 2] == '\r') {
		text[len - 2] = '\n';
		len--;
	}
	if (lines->level_prefix)
		pri = take_prefix(&line, &len, pri);
	err = lines->put(lines->arg, pri, line, len);
	if (err) {
		lines->refused++;
		lines->error = err;
	} else {
		lines->records++;
	}
}

/* Writes the whole lines there are and keeps the rest. */
static void put_lines(struct lines *lines, size_t searched)
{
	char *line = lines->buf, *end = lines->buf + lines->len;
	char *newline = memchr(line + searched, '\n', lines->len - searched);

	while (newline) {
		put_line(lines, line, (size_t)(newline + 1 - line));
		line = newline + 1;
		newline = memchr(line, '\n', (size_t)(end - line));
	}
	lines->len = (size_t)(end - line);
	memmove(lines->buf, line, lines->len);
}

static int make_room(struct lines *lines)
{
	size_t size = lines->size ? lines->size * 2 : LINE_LEAST;
	char *buf;

	if (lines->len < lines->size)
		return 0;
	if (size > LINE_MOST) {
		lines_flush(lines);
		return 0;
	}
	buf = realloc(lines->buf, size);
	if (!buf)
		return -ENOMEM;
	lines->buf = buf;
	lines->size = size;
	return 0;
}

/*
 * One read(2), and the lines it completes.
 *
 * Return: bytes read, 0 at the end of the file, or a negative errno value.
 */
ssize_t lines_read(struct lines *lines, int fd)
{
	size_t searched;
	ssize_t n;
	int err;

	err = make_room(lines);
	if (err)
		return err;
	searched = lines->len;
	n = read(fd, lines->buf + searched, lines->size - searched);
	if (n < 0)
		return -errno;
	lines->len += (size_t)n;
	put_lines(lines, searched);
	return n;
}

/* What is left is a line, too, though nothing ends it. */
void lines_flush(struct lines *lines)
{
	if (lines->len)
		put_line(lines, lines->buf, lines->len);
	lines->len = 0;
}

void lines_free(struct lines *lines)
{
	free(lines->buf);
	lines->buf = NULL;
	lines->size = lines->len = 0;
}
