/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be made again of a day: its meta, as far as others' days have what is
 * in there, and its times. Nothing that is there is changed.
 */
#ifndef MEMLOG_ARCHIVE_REPAIR_H
#define MEMLOG_ARCHIVE_REPAIR_H

#include "date.h"
#include "format.h"

/**
 * archive_add_meta() - Give a day without meta one: what readers take its rows for.
 * @dirfd: The archive's folder, which nobody writes meanwhile.
 * @date: The day.
 * @row: Set to the first row that is not whole, where that is the reason.
 *
 * Return: 1 it has one now; 0 it had one; -EBADMSG a row is not whole, nothing was
 * changed; -ENOENT no such day; or what writing gave.
 */
int archive_add_meta(int dirfd, uint32_t date, uint64_t *row);

/* Makes the times of a day again. 0, also where there is no meta; or -errno. */
int archive_make_times(int dirfd, uint32_t date);

#endif /* MEMLOG_ARCHIVE_REPAIR_H */
