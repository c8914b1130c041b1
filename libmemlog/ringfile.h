/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ring in memory that is mapped: a device's, or a ring file's.
 *
 * A ring file is, in this order, what a device maps (control page, descriptors,
 * text; the text stands in the file once and is mapped twice in a row) and one
 * page more, struct memlog_state, for what a device would be asked by system
 * calls. That page is the only one that readers may write to.
 */
#ifndef MEMLOG_RINGFILE_H
#define MEMLOG_RINGFILE_H

#include "ring.h"

#define MEMLOG_STATE_MAGIC	0x314c474d4d454d4cULL

/**
 * struct memlog_state - The last page of a ring file.
 * @magic: MEMLOG_STATE_MAGIC.
 * @armed: Set by a reader of another process before it sleeps; the writer that
 *         finds it set clears it and touches the file, which all of them watch.
 * @finished: The writer has ended the stream.
 */
struct memlog_state {
	u64 magic;
	u32 armed;
	u32 finished;
};

/**
 * struct memlog_map - A ring as this process has it mapped.
 * @buf: Where its parts are, from values that were checked.
 * @geo: Its sizes.
 * @lay: Its layout.
 * @state: The state page of a ring file, NULL for a device.
 * @base: First byte of the mapping.
 * @size: Bytes mapped there.
 * @stream: The stream's id.
 * @first_pos: Position of its first record.
 * @state_writable: This process may set @state->armed.
 */
struct memlog_map {
	struct memlog_buf buf;
	struct memlog_geometry geo;
	struct memlog_layout lay;
	struct memlog_state *state;
	void *base;
	size_t size;
	u64 stream;
	u64 first_pos;
	bool state_writable;
};

int memlog_control_check(const struct memlog_control *ctrl,
			 struct memlog_geometry *geo, struct memlog_layout *lay);
int memlog_map_device(struct memlog_map *map, int fd, u64 size);
int memlog_map_file(struct memlog_map *map, int fd, bool writable);
void memlog_unmap(struct memlog_map *map);

int memlog_ringfile_init(int fd, const struct memlog_geometry *geo, u64 stream,
			 u32 generation, struct memlog_map *map);
int memlog_ringfile_check_size(int fd, const struct memlog_layout *lay);
void memlog_map_describe(const struct memlog_map *map, const struct memlog_place *oldest,
			 const struct memlog_place *end, struct memlog_info *info);
bool memlog_map_bounds(const struct memlog_map *map, u64 *oldest, u64 *next);
int memlog_map_recover(const struct memlog_map *map, struct memlog_span *span);

static inline u64 memlog_state_offset(const struct memlog_layout *lay)
{
	return lay->text_off + lay->text_map;
}

#endif /* MEMLOG_RINGFILE_H */
