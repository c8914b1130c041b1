/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A day as a file of text: what bytes its rows become, and where each of them
 * stands. The table of offsets is made when somebody first asks for the size, in
 * one pass, and goes on from there as the day grows; to read anywhere takes the
 * rendering of some hundred rows at most before it. Any number of threads.
 *
 * As text, a newline is added where a record has none, but not between a part and
 * the one that continues it, and a gap is its lost line. As JSON, each record is
 * an object and a line, a gap a "lost" object, and where a stream begins stands
 * {"stream":"..."}.
 *
 * A row that can't be read is a line that says so: the size and the bytes of a
 * file agree in any case.
 */
#ifndef VIEW_RENDER_H
#define VIEW_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct render;

enum render_form {
	RENDER_TEXT,
	RENDER_JSON,
};

/**
 * render_open() - Open a day as a file.
 * @renderp: Set to it.
 * @dirfd: The archive's folder; must stay open.
 * @date: The day.
 * @form: As what.
 *
 * Return: 0, -ENOMEM, or as archive_day_open().
 */
int render_open(struct render **renderp, int dirfd, uint32_t date, enum render_form form);
void render_close(struct render *render);

/*
 * Nobody reads: lets go of the day, which may be removed then. What was counted is
 * remembered, and used again if it is the same day.
 */
void render_rest(struct render *render);

/**
 * render_refresh() - Look whether the day has grown.
 * @render: The file.
 * @size: Set to the bytes of it.
 * @finished: Set to whether it will not grow any more.
 *
 * Return: 0 or -errno; -ESTALE the day was removed or replaced.
 */
int render_refresh(struct render *render, uint64_t *size, bool *finished);

/**
 * render_read() - Read from anywhere.
 * @render: The file.
 * @offset: Where.
 * @buf: Where to put it.
 * @size: Most bytes.
 *
 * Gives what render_refresh() last counted.
 *
 * Return: bytes, 0 at the end, or -errno.
 */
ssize_t render_read(struct render *render, uint64_t offset, char *buf, size_t size);

#endif /* VIEW_RENDER_H */
