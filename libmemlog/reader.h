/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader is one piece of code over a source: a mapped ring, a device read by
 * read(2), or whatever else can give records in order.
 *
 * The source fills the batch: descriptors in a row, and text in which each
 * record's position says where it stands. It may pass over records, and then
 * the reader, which knows what it has given so far, tells the loss.
 */
#ifndef MEMLOG_READER_H
#define MEMLOG_READER_H

#include "memlog.h"
#include "ring.h"
#include "ringfile.h"

/**
 * struct memlog_source - What a reader asks of what it reads from.
 * @begin: Put the reader where it begins, as memlog_reader_begin(), which does it
 *         with @seek where this is NULL.
 * @go: memlog_seek(), likewise.
 * @fill: Fill the batch from reader->cur on and move that behind it. Return: 1,
 *        or 0 when nothing was there; in both cases records may have been passed
 *        over. Or a negative errno value.
 * @seek: Find a place, as MEMLOG_IOC_SEEK; nothing moves.
 * @over: Nothing will ever be added behind reader->cur. May be NULL: never.
 * @renew: @over, and all was read: go on with what has taken its place. Return:
 *         MEMLOG_NOTHING when the stream goes on, MEMLOG_STREAM, MEMLOG_END, or
 *         a negative errno value.
 * @arm: See to it that reader->fd becomes readable when something is written
 *       behind reader->cur. Return: 0 it was before, or there is no such fd yet;
 *       1 it is now, and what came before is for the caller to see with @fill; or
 *       a negative errno value.
 * @make_fd: Make reader->fd and arm it; it is readable at once if something is
 *           there behind reader->cur. NULL: it is there from the start. Return: 0
 *           or a negative errno value, and there is none.
 * @info: MEMLOG_IOC_INFO.
 * @close: Free what the source has.
 * @goes_on: A reader without MEMLOG_READ_FOLLOW does not end with the stream, but
 *           where @begin has put its end.
 */
struct memlog_source {
	int (*begin)(struct memlog_reader *reader,
		     const struct memlog_reader_options *opt);
	int (*go)(struct memlog_reader *reader, enum memlog_whence whence, u64 stream,
		  u64 value, uint64_t *missed);
	int (*fill)(struct memlog_reader *reader);
	int (*seek)(struct memlog_reader *reader, struct memlog_seek *seek);
	bool (*over)(struct memlog_reader *reader);
	int (*renew)(struct memlog_reader *reader);
	int (*arm)(struct memlog_reader *reader);
	int (*make_fd)(struct memlog_reader *reader);
	int (*info)(struct memlog_reader *reader, struct memlog_info *info);
	void (*close)(struct memlog_reader *reader);
	bool goes_on;
};

/**
 * struct memlog_reader - A reader.
 * @at: Next descriptor of the batch to give.
 * @filled: Descriptors in the batch.
 * @descs: They.
 * @text: Text of the batch.
 * @text_pos: Position of the first byte of @text.
 * @source: What fills it.
 * @place: What was given or told as lost so far ends here, once the batch is
 *         given.
 * @cur: Where the source looks next; not before @place.
 * @end: Reader without MEMLOG_READ_FOLLOW: where it ends.
 * @until_ns: End before the first record later than this; ~0 if not asked for.
 * @stream: The stream's id.
 * @pos_unknown: The position of @place is not known, its number is.
 * @follow: MEMLOG_READ_FOLLOW.
 * @ended: MEMLOG_END was reached.
 * @armed: memlog_next() returned MEMLOG_NOTHING last: memlog_fd() can be waited
 *         on.
 * @armed_seq: @cur when it was armed last, MEMLOG_SEQ_NONE if never.
 * @burst: Most records to copy before looking whether they were still there:
 *         MEMLOG_BATCH, but one after a lap, and twice as many after each success.
 * @fd: What can be waited on; -1 if nobody has asked for it.
 * @device: The device or ring file, -1 if it has none of its own.
 * @map: The ring, if it is mapped; of a ring file that is not, only what its
 *       control page says.
 * @loss: What memlog_next() told last.
 * @lost_records: All it told.
 * @lost_bytes: All it told.
 * @buf: Memory of the batch.
 * @buf_size: Bytes of it.
 * @read_len: read(2): bytes in @buf.
 * @read_off: read(2): bytes of them that were taken.
 * @path: Ring file: its path, NULL if not known.
 * @ring: Ring of this process, NULL if it is not one.
 * @wait: What @ring wakes.
 * @inotify: Ring file of another process: what its writer wakes, or -1.
 * @timer: The same, where it can't be woken, or -1.
 * @kicked: @timer was set to make @fd readable at once.
 * @removed: Ring file: it is no longer where it was.
 * @may_block: read(2): the device was not opened with O_NONBLOCK.
 * @history: Archive: all there is about it, see history.h.
 * @flags: As asked for.
 */
struct memlog_reader {
	/* what memlog_next() touches for each record */
	u32 at;
	u32 filled;
	const struct memlog_record *descs;
	const char *text;
	u64 text_pos;

	const struct memlog_source *source;
	struct memlog_place place;
	struct memlog_place cur;
	struct memlog_place end;
	u64 until_ns;
	u64 stream;
	bool pos_unknown;
	bool follow;
	bool ended;
	bool armed;
	u64 armed_seq;
	u32 burst;
	u32 flags;
	int fd;
	int device;
	struct memlog_map map;
	struct memlog_loss loss;
	u64 lost_records;
	u64 lost_bytes;

	char *buf;
	size_t buf_size;
	size_t read_len;
	size_t read_off;

	char *path;
	struct memlog_embedded *ring;
	struct memlog_waiter *wait;
	int inotify;
	int timer;
	bool kicked;
	bool removed;
	bool may_block;
	struct memlog_history *history;
};

/* Records of a batch at most. Their texts are as long as fits the buffer. */
#define MEMLOG_BATCH	16

/*
 * Times to try again when writers are faster. What they took meanwhile is told
 * as lost then, and the next call goes on from there.
 */
#define MEMLOG_TRIES	64

int memlog_reader_reserve(struct memlog_reader *reader, size_t size);
int memlog_reader_begin(struct memlog_reader *reader,
			const struct memlog_reader_options *opt);

/* Sources. Each opener sets source, stream and device, and undoes all if it fails. */
int memlog_device_open(struct memlog_reader *reader, int fd);
int memlog_file_open(struct memlog_reader *reader, int fd);
int memlog_embedded_attach(struct memlog_reader *reader, struct memlog_embedded *ring);

int memlog_file_open_unmapped(struct memlog_reader *reader, int fd);

/* What mapped and unmapped rings do. */
u32 memlog_batch_fitting(const struct memlog_reader *reader, u32 count, u64 *bytes);
int memlog_batch_take(struct memlog_reader *reader, u32 count, u64 bytes, u64 oldest);

/* What both kinds of mapped ring do. */
int memlog_map_fill(struct memlog_reader *reader);
int memlog_map_seek(struct memlog_reader *reader, struct memlog_seek *seek);
int memlog_map_info(struct memlog_reader *reader, struct memlog_info *info);
bool memlog_map_retired(struct memlog_reader *reader);
int memlog_map_replace(struct memlog_reader *reader, struct memlog_map *fresh);

#endif /* MEMLOG_READER_H */
