/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * memlog - one log device for a whole machine: the interface of /dev/memlog
 *
 * What each call does, with every errno, stands in kmod/doc/ABI-dev-memlog and
 * in memlog(4).
 */
#ifndef _UAPI_LINUX_MEMLOG_H
#define _UAPI_LINUX_MEMLOG_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * define MEMLOG_ABI - Version of everything in this file.
 *
 * Structs grow only at their end and new ioctls get new numbers, so that this
 * number changes only when a program built for an older one must not go on.
 */
#define MEMLOG_ABI		1

/**
 * define MEMLOG_COMM_LEN - Bytes of &memlog_record.comm, its NUL included.
 */
#define MEMLOG_COMM_LEN		16

/**
 * DOC: record_flags
 *
 * Flags of &memlog_record.flags:
 *
 * %MEMLOG_PARTIAL
 *     The write was to go on behind this record: it was longer than max_record
 *     and no newline was found to cut it at. Without a %MEMLOG_JOIN behind it,
 *     it did not, or records of others came first.
 * %MEMLOG_JOIN
 *     The text continues that of record seq - 1 directly: same write, nothing
 *     between them.
 */
#define MEMLOG_PARTIAL		(1U << 0)
#define MEMLOG_JOIN		(1U << 1)

/**
 * define MEMLOG_PRI_DEFAULT - Priority of a record whose writer names none:
 * facility user (1), level notice (5).
 */
#define MEMLOG_PRI_DEFAULT	13

/**
 * define MEMLOG_PRI_MIN - Lowest priority MEMLOG_IOC_STAMP takes: facility 0
 * is the kernel's.
 */
#define MEMLOG_PRI_MIN		8

/**
 * define MEMLOG_PRI_MAX - Highest priority: facility 23, level 7.
 */
#define MEMLOG_PRI_MAX		191

/**
 * define MEMLOG_TYPE_TEXT - &memlog_record.type of plain text.
 */
#define MEMLOG_TYPE_TEXT	0

/**
 * define MEMLOG_TYPE_INVALID - The one type no record has.
 */
#define MEMLOG_TYPE_INVALID	0xffff

/**
 * define MEMLOG_SEQ_NONE - A sequence number no record ever gets.
 */
#define MEMLOG_SEQ_NONE		(~0ULL)

/**
 * define MEMLOG_ID_NONE - @pid and @uid of a record that no kernel writer made.
 */
#define MEMLOG_ID_NONE		0xffffffffU

/**
 * struct memlog_record - The facts about one record, in host byte order.
 *
 * It stands in the descriptor area of a mapping, and before each record's text
 * in what read(2) gives in the record format, where the text is padded with
 * zero bytes to a multiple of 8.
 *
 * @seq: 0, 1, 2, ... for the life of the stream. A gap is lost records.
 * @pos: Bytes of text ever written to the stream before this record. A gap
 *       between one record's @pos + @len and the next one's @pos is lost bytes.
 * @time_ns: CLOCK_REALTIME in nanoseconds, taken in the order of @seq. It steps
 *           when the clock is set.
 * @cgroup: cgroup v2 id of the writer (what name_to_handle_at(2) and the inode
 *          number of its folder give), 0 where the kernel has no cgroups.
 * @len: Bytes of text.
 * @pid: Process id (thread group id) of the writer in the initial namespace.
 * @uid: Real user id of the writer in the initial namespace.
 * @type: What the text is, as the writer stamped it; %MEMLOG_TYPE_TEXT for text.
 * @pri: syslog priority: facility * 8 + level.
 * @flags: %MEMLOG_PARTIAL, %MEMLOG_JOIN.
 * @comm: Name of the writing thread, NUL-terminated; what stands behind the
 *        first NUL is unspecified.
 */
struct memlog_record {
	__aligned_u64 seq;
	__aligned_u64 pos;
	__aligned_u64 time_ns;
	__aligned_u64 cgroup;
	__u32 len;
	__u32 pid;
	__u32 uid;
	__u16 type;
	__u8 pri;
	__u8 flags;
	char comm[MEMLOG_COMM_LEN];
};

/**
 * struct memlog_control - The first page of a mapping, in host byte order.
 *
 * A mapping is: this page; @records descriptors (&struct memlog_record) at
 * @desc_off, record seq in slot seq % @records; the text at @text_off, byte pos
 * at offset pos % @text_map; and the same text once more behind it, so that no
 * record wraps.
 *
 * How to read record seq without a system call:
 *
 * 1. load-acquire @retired, then load-acquire @next; unless seq < @next there is
 *    nothing to read, and if @retired was set it never will be: map again.
 * 2. load @oldest; if it has passed seq, those records are lost.
 * 3. copy the descriptor; refuse a len above @text_size.
 * 4. copy the text.
 * 5. read barrier, load @oldest again: if it has passed seq, throw the copy away.
 *
 * Before it sleeps, a reader tells the device its place with MEMLOG_IOC_SEEK,
 * looks once more, and polls.
 *
 * @abi: %MEMLOG_ABI.
 * @record_size: sizeof(struct memlog_record), 64.
 * @stream: 64 random bits, never 0: one life of a ring.
 * @desc_off: Offset of the descriptors in the mapping, in bytes.
 * @text_off: Offset of the text in the mapping, in bytes.
 * @map_size: Size of the whole mapping in bytes, text counted twice.
 * @text_map: Bytes of text mapped once: the larger of @text_size and a page.
 * @text_size: Most bytes of text the ring keeps, a power of two.
 * @records: Most records the ring keeps, a power of two.
 * @max_record: Longest text of a record, in bytes, for writes from now on.
 * @generation: Counts the RESIZEs of this stream; this mapping is of this one.
 * @retired: Not 0 once a RESIZE has replaced this mapping: it stays valid and
 *           nothing is added to it any more.
 * @first_pos: Position of record 0.
 * @oldest: Sequence number of the oldest record kept.
 * @next: Sequence number of the next record to be written.
 * @next_pos: Position of the next record; may be ahead of @next for a moment.
 * @stepped: Sequence number of the last record whose time was before that of
 *           the record before it; from there on, time_ns does not fall.
 */
struct memlog_control {
	__u32 abi;
	__u32 record_size;
	__aligned_u64 stream;
	__aligned_u64 desc_off;
	__aligned_u64 text_off;
	__aligned_u64 map_size;
	__aligned_u64 text_map;
	__aligned_u64 text_size;
	__aligned_u64 records;

	__u32 max_record;
	__u32 generation;
	__u32 retired;
	__u32 __reserved0;
	__aligned_u64 first_pos;
	__aligned_u64 __reserved1[5];

	__aligned_u64 oldest;
	__aligned_u64 __reserved2[7];

	__aligned_u64 next;
	__aligned_u64 next_pos;
	__aligned_u64 stepped;
	__aligned_u64 __reserved3[5];
};

/**
 * DOC: ioctls
 *
 * The kernel matches the magic and the number only, and takes the size in the
 * command as that of the caller's struct. A caller built for a later version
 * may pass a larger struct: what this kernel does not know must be zero
 * (-E2BIG). A struct smaller than that of ABI 1 is -EINVAL. What is copied back
 * is the smaller of the two sizes.
 *
 * Refusals come in this order: -ENOTTY unknown number; -EBADF the file is not
 * open for what is asked; -EPERM capability missing; -EFAULT; -EINVAL size;
 * -E2BIG; -EINVAL unknown flags, or a reserved field that is not zero; then the
 * values.
 */

/**
 * struct memlog_info - MEMLOG_IOC_INFO: a channel, and this file's place in it.
 *
 * For any open file. Takes no lock: numbers may move while they are gathered.
 *
 * @flags: In: 0.
 * @abi: %MEMLOG_ABI.
 * @stream: The stream's id, never 0.
 * @oldest_seq: Oldest record kept.
 * @oldest_pos: Its position.
 * @next_seq: Number the next record will get: how many were ever written.
 * @next_pos: Bytes ever written.
 * @clear_seq: Where MEMLOG_IOC_CLEAR last put its mark, 0 if never.
 * @text_size: Most bytes of text kept.
 * @map_size: Bytes to mmap(2); 0 where the kernel can't map.
 * @records: Most records kept.
 * @max_record: Longest text of one record, in bytes.
 * @generation: How often the ring was resized.
 * @reader_seq: Next record this file reads; %MEMLOG_SEQ_NONE if not a reader.
 * @reader_pos: Position of its next byte.
 * @lost_records: Records this file missed for good.
 * @lost_bytes: Bytes of text this file missed for good.
 * @written_seq: Last record written through this file, %MEMLOG_SEQ_NONE if none.
 * @evicted: Records that gave way to newer ones.
 * @denied: Writes the quota refused.
 * @faults: Times a write found its memory not present and was tried again.
 */
struct memlog_info {
	__u32 flags;
	__u32 abi;
	__aligned_u64 stream;
	__aligned_u64 oldest_seq;
	__aligned_u64 oldest_pos;
	__aligned_u64 next_seq;
	__aligned_u64 next_pos;
	__aligned_u64 clear_seq;
	__aligned_u64 text_size;
	__aligned_u64 map_size;
	__aligned_u64 records;
	__u32 max_record;
	__u32 generation;
	__aligned_u64 reader_seq;
	__aligned_u64 reader_pos;
	__aligned_u64 lost_records;
	__aligned_u64 lost_bytes;
	__aligned_u64 written_seq;
	__aligned_u64 evicted;
	__aligned_u64 denied;
	__aligned_u64 faults;
};

/**
 * enum memlog_whence - &memlog_seek.whence
 *
 * @MEMLOG_SEEK_SEQ: To record number @value. One no longer kept: to the oldest.
 *                   Beyond the next: -ERANGE.
 * @MEMLOG_SEEK_LAST: To the last @value records; 0 is behind the newest.
 * @MEMLOG_SEEK_SINCE: To the first record, in the order of their numbers, with
 *                     time_ns >= @value; behind the newest if there is none.
 */
enum memlog_whence {
	MEMLOG_SEEK_SEQ = 0,
	MEMLOG_SEEK_LAST = 1,
	MEMLOG_SEEK_SINCE = 2,
};

/**
 * struct memlog_seek - MEMLOG_IOC_SEEK: move this file's cursor. For readers.
 *
 * @flags: In: 0.
 * @whence: In: &enum memlog_whence.
 * @stream: In: the stream meant; another than the channel's is -ESTALE. 0: any.
 * @value: In: sequence number, count, or nanoseconds.
 * @seq: Out: the record the cursor is at now.
 * @pos: Out: its position.
 * @missed: Out: records asked for and no longer kept; no lost line follows.
 */
struct memlog_seek {
	__u32 flags;
	__u32 whence;
	__aligned_u64 stream;
	__aligned_u64 value;
	__aligned_u64 seq;
	__aligned_u64 pos;
	__aligned_u64 missed;
};

/**
 * enum memlog_read_format - &memlog_format.format
 *
 * @MEMLOG_FORMAT_TEXT: Text, a line of its own for what was lost.
 * @MEMLOG_FORMAT_RECORD: &struct memlog_record and text, padded to 8 bytes.
 */
enum memlog_read_format {
	MEMLOG_FORMAT_TEXT = 0,
	MEMLOG_FORMAT_RECORD = 1,
};

/**
 * define MEMLOG_FORMAT_QUIET - &memlog_format.flags: no line for what was lost
 * in the text format.
 */
#define MEMLOG_FORMAT_QUIET	(1U << 0)

/**
 * struct memlog_format - MEMLOG_IOC_FORMAT: what read(2) gives. For readers.
 *
 * @flags: In: %MEMLOG_FORMAT_QUIET or 0.
 * @format: In: &enum memlog_read_format.
 */
struct memlog_format {
	__u32 flags;
	__u32 format;
};

/**
 * struct memlog_stamp - MEMLOG_IOC_STAMP: what this file writes. For writers.
 *
 * A file that was stamped takes no "<N>" prefix: all of a write is its text.
 *
 * @flags: In: 0.
 * @type: In: type of the records, not %MEMLOG_TYPE_INVALID.
 * @pri: In: priority, %MEMLOG_PRI_MIN to %MEMLOG_PRI_MAX.
 * @__reserved: In: 0.
 */
struct memlog_stamp {
	__u32 flags;
	__u16 type;
	__u8 pri;
	__u8 __reserved;
};

/**
 * struct memlog_clear - MEMLOG_IOC_CLEAR: put the mark behind the newest record.
 *
 * Deletes and loses nothing: lseek(SEEK_DATA) goes to the mark. CAP_SYSLOG.
 *
 * @flags: In: 0.
 * @__reserved: In: 0.
 * @seq: Out: where the mark is now.
 */
struct memlog_clear {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 seq;
};

/**
 * struct memlog_resize - MEMLOG_IOC_RESIZE: another ring, the newest records
 * kept. CAP_SYS_ADMIN.
 *
 * A field of 0 is its default: 16384, @text_size / 32, and the lesser of
 * @text_size / 4 and 16384.
 *
 * @flags: In: 0.
 * @max_record: In: longest text of a record; at most the lesser of
 *              @text_size / 4 and 65536.
 * @text_size: In: bytes of text to keep, a power of two, 4096 to 2^30.
 * @records: In: records to keep, a power of two, 16 to @text_size.
 */
struct memlog_resize {
	__u32 flags;
	__u32 max_record;
	__aligned_u64 text_size;
	__aligned_u64 records;
};

#define MEMLOG_IOC_MAGIC	0xBC

#define MEMLOG_IOC_INFO		_IOWR(MEMLOG_IOC_MAGIC, 0, struct memlog_info)
#define MEMLOG_IOC_SEEK		_IOWR(MEMLOG_IOC_MAGIC, 1, struct memlog_seek)
#define MEMLOG_IOC_FORMAT	_IOWR(MEMLOG_IOC_MAGIC, 2, struct memlog_format)
#define MEMLOG_IOC_STAMP	_IOWR(MEMLOG_IOC_MAGIC, 3, struct memlog_stamp)
#define MEMLOG_IOC_CLEAR	_IOWR(MEMLOG_IOC_MAGIC, 4, struct memlog_clear)
#define MEMLOG_IOC_RESIZE	_IOWR(MEMLOG_IOC_MAGIC, 5, struct memlog_resize)

#endif /* _UAPI_LINUX_MEMLOG_H */
