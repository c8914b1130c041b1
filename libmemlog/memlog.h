/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmemlog - read and write memlog channels
 *
 * A channel is a ring of records: a device of the kernel module (/dev/memlog,
 * /dev/memlog-NAME) or a ring file, which a process writes without the module
 * ("embedded"). A reader does not care which.
 *
 * The one promise: no record is lost silently. A reader gets each record, or is
 * told in its place and order which ones it missed, in records and in bytes:
 * delivered + lost = written.
 *
 * Conventions, for every function here unless its own text says otherwise:
 *
 * - What returns int or ssize_t gives 0 or a count, or a negative errno value.
 *   errno itself is not part of the interface.
 * - A constructor stores its handle through its first argument only when it
 *   returns 0. Closing NULL does nothing.
 * - Times are nanoseconds of CLOCK_REALTIME since 1970, sizes are bytes.
 * - A reader belongs to one thread at a time. Writers, embedded rings and
 *   watches may be used by any number of threads at once; closing must be the
 *   last use. Different handles never disturb each other.
 * - File descriptors the library opens are close-on-exec. After fork(), a child
 *   may close a handle or exec, nothing else.
 */
#ifndef MEMLOG_H
#define MEMLOG_H

#include <linux/memlog.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* ---- Readers ---------------------------------------------------------- */

struct memlog_reader;
struct memlog_embedded;

/**
 * define MEMLOG_READ_FOLLOW - Stay at the end and wait for more. Without it the
 * reader ends behind the record that was the newest when it was opened.
 */
#define MEMLOG_READ_FOLLOW	(1U << 0)

/**
 * define MEMLOG_READ_NO_MMAP - Use read(2) where mmap(2) would do. Slower; for
 * ring files whose writer is not trusted: such a file can be truncated while it
 * is mapped, and that kills the process which touches it (SIGBUS). A reader of
 * such a file looks for more every 20 ms, and ends where the file is replaced.
 */
#define MEMLOG_READ_NO_MMAP	(1U << 1)

/**
 * define MEMLOG_READ_SINCE - &memlog_reader_options.since_ns counts.
 */
#define MEMLOG_READ_SINCE	(1U << 2)

/**
 * define MEMLOG_READ_UNTIL - &memlog_reader_options.until_ns counts.
 */
#define MEMLOG_READ_UNTIL	(1U << 3)

/**
 * define MEMLOG_READ_TAIL - &memlog_reader_options.tail counts.
 */
#define MEMLOG_READ_TAIL	(1U << 4)

/**
 * define MEMLOG_READ_FROM - &memlog_reader_options.from_seq and @from_stream
 * count.
 */
#define MEMLOG_READ_FROM	(1U << 5)

/**
 * define MEMLOG_READ_ARCHIVE - &memlog_reader_options.archive counts: what the ring
 * no longer has comes from there.
 *
 * The reader begins in the archive where what is asked for is before the ring's
 * oldest record, goes over to the ring, and back when the ring has lapped it. What
 * neither has is told as lost, in its place. If the archive is not that far yet, it
 * is given 200 ms: followers get MEMLOG_NOTHING meanwhile, others wait inside
 * memlog_next().
 *
 * Streams that have ended are in the archive before the ring's: MEMLOG_STREAM
 * stands between them, for readers without MEMLOG_READ_FOLLOW too.
 */
#define MEMLOG_READ_ARCHIVE	(1U << 6)

/**
 * struct memlog_reader_options - Where a reader begins and ends.
 *
 * @size: sizeof(struct memlog_reader_options); later versions grow at the end.
 * @flags: MEMLOG_READ_*.
 * @reserved: 0.
 * @since_ns: Begin at the first record, in the order of their numbers, whose
 *            time is this or later.
 * @until_ns: End before the first record whose time is later than this. A
 *            follower ends too when the clock has passed it and no record is
 *            left; it sees that in memlog_wait() or its next memlog_next().
 * @tail: Begin at the last @tail records kept; 0 is behind the newest.
 * @from_stream: Stream that @from_seq belongs to; 0 takes the ring's own, or an
 *               archive's newest.
 * @from_seq: Number of the first record wanted. Records from there on which are
 *            no longer kept are told as lost, first of all.
 * @archive: Folder of the archive that is made from this ring.
 *
 * Fields count only where their flag is set, so a struct of zeros but for @size
 * gives all there is and then ends. Where several say where to begin, the
 * latest of them wins: MEMLOG_READ_SINCE with MEMLOG_READ_TAIL gives at most
 * @tail records, none from before @since_ns.
 */
struct memlog_reader_options {
	size_t size;
	uint32_t flags;
	uint32_t reserved;
	uint64_t since_ns;
	uint64_t until_ns;
	uint64_t tail;
	uint64_t from_stream;
	uint64_t from_seq;
	const char *archive;
};

/**
 * define MEMLOG_LOSS_BYTES_UNKNOWN - The bytes of a loss are not known.
 *
 * Where MEMLOG_READ_FROM named a record that is gone by its number alone, nobody
 * knows its position, and &memlog_loss.bytes is 0. Any later loss of the same
 * reader has its bytes.
 */
#define MEMLOG_LOSS_BYTES_UNKNOWN	(1U << 0)

/**
 * struct memlog_loss - Records that were overwritten before they could be read.
 *
 * @from_seq: Number of the first one lost.
 * @to_seq: Number of the last one lost.
 * @records: How many: @to_seq - @from_seq + 1.
 * @bytes: Bytes of text in them.
 * @flags: MEMLOG_LOSS_*.
 * @reserved: 0.
 */
struct memlog_loss {
	uint64_t from_seq;
	uint64_t to_seq;
	uint64_t records;
	uint64_t bytes;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * enum memlog_event - What memlog_next() found.
 *
 * @MEMLOG_NOTHING: Nothing now. Only followers get this; the file descriptor of
 *                  memlog_fd() becomes readable when there is more.
 * @MEMLOG_RECORD: A record.
 * @MEMLOG_LOSS: Records were lost here: memlog_loss() says which. The record
 *               behind them comes next.
 * @MEMLOG_STREAM: The stream has ended, all of it was given or told as lost,
 *                 and another one begins in the same place: memlog_stream() is
 *                 the new one's id, memlog_place() its first record.
 * @MEMLOG_END: There is no more and there never will be: the newest record at
 *              the time of opening, or @until_ns, was passed, or the ring was
 *              finished or removed by its writer. Said again if asked again;
 *              memlog_seek() makes the reader go on.
 */
enum memlog_event {
	MEMLOG_NOTHING = 0,
	MEMLOG_RECORD = 1,
	MEMLOG_LOSS = 2,
	MEMLOG_STREAM = 3,
	MEMLOG_END = 4,
};

/**
 * memlog_reader_open() - Open a channel or an archive for reading.
 * @readerp: Where to store the new reader.
 * @path: A memlog device, a ring file, or the folder of an archive.
 * @options: NULL for all records there are, without following.
 *
 * An archive's reader goes over its days in their order, and from each stream to the
 * next (MEMLOG_STREAM), also without MEMLOG_READ_FOLLOW. Checksums are verified: a
 * damaged record is told as lost, like one that is missing. A day that is being read
 * is not removed by retention.
 *
 * Return: 0; -EINVAL @options has an unknown flag, a nonzero unknown tail or a
 * @size that is too small, or MEMLOG_READ_ARCHIVE with an archive as @path; -ENOTTY
 * @path is neither a memlog device nor an archive, which has days, or the lock of
 * who writes it; -EBADMSG @path is a file but not a ring, or a damaged
 * one, or the meta of a day is not memlog's; -EPROTONOSUPPORT it is of another ABI or
 * version; -ESTALE there is nothing of @from_stream; -ERANGE @from_seq is beyond the
 * stream's next record; -ENOMEM; or what open(2), fstat(2), pread(2) or mmap(2)
 * gave.
 */
int memlog_reader_open(struct memlog_reader **readerp, const char *path,
		       const struct memlog_reader_options *options);

/**
 * memlog_reader_open_fd() - Open a channel for reading by file descriptor.
 * @readerp: Where to store the new reader.
 * @fd: A memlog device open for reading, or a ring file (a memfd for example).
 *      It stays the caller's and is opened once more through /proc; where that
 *      is not possible it is duplicated, and a device then has one cursor for
 *      both.
 * @options: As for memlog_reader_open().
 *
 * A ring file resized by its writer can't be followed to its new file without a
 * path: there the reader ends.
 *
 * Return: As memlog_reader_open(); -EBADF @fd is not open for reading.
 */
int memlog_reader_open_fd(struct memlog_reader **readerp, int fd,
			  const struct memlog_reader_options *options);

/**
 * memlog_reader_open_embedded() - Read an embedded ring in the process that
 * writes it.
 * @readerp: Where to store the new reader.
 * @ring: The ring; must stay open longer than the reader.
 * @options: As for memlog_reader_open().
 *
 * As by path, but waking up costs no thread, and a resize is followed for rings
 * without a path too.
 *
 * Return: As memlog_reader_open().
 */
int memlog_reader_open_embedded(struct memlog_reader **readerp,
				struct memlog_embedded *ring,
				const struct memlog_reader_options *options);

/**
 * memlog_reader_close() - Close a reader.
 * @reader: The reader, or NULL. What memlog_next() gave is gone with it.
 */
void memlog_reader_close(struct memlog_reader *reader);

/**
 * memlog_next() - Get the next record.
 * @reader: The reader.
 * @rec: Set to the facts about the record when MEMLOG_RECORD is returned.
 * @text: Set to its text, rec->len bytes, not NUL-terminated.
 *
 * Both are the library's and stay valid until the next call with this reader.
 * Never waits, allocates nothing per record, and makes no system call while
 * there are records in a mapped ring. For every record from the beginning on,
 * this returns exactly one of: the record, or the loss that contains it.
 *
 * Return: an &enum memlog_event (0 is MEMLOG_NOTHING); -EBADMSG the ring
 * contradicts itself (a ring file damaged by its writer), and reading can't go
 * on; -ENOMEM, and calling again tries again; or what read(2) or mmap(2) gave.
 */
int memlog_next(struct memlog_reader *reader, const struct memlog_record **rec,
		const char **text);

/**
 * memlog_loss() - What was lost where memlog_next() last returned MEMLOG_LOSS.
 * @reader: The reader.
 *
 * Return: The loss, valid until the next memlog_next(); never NULL.
 */
const struct memlog_loss *memlog_loss(const struct memlog_reader *reader);

/**
 * memlog_lost() - What this reader has been told as lost in all.
 * @reader: The reader.
 * @records: Set to the number of records, unless NULL.
 * @bytes: Set to the bytes of text in them, unless NULL.
 */
void memlog_lost(const struct memlog_reader *reader, uint64_t *records,
		 uint64_t *bytes);

/**
 * memlog_place() - Number of the record that memlog_next() looks for next.
 * @reader: The reader.
 *
 * Return: The sequence number, within memlog_stream().
 */
uint64_t memlog_place(const struct memlog_reader *reader);

/**
 * memlog_stream() - Id of the stream this reader is in.
 * @reader: The reader.
 *
 * Return: The id; 0 only in an archive that has no record yet.
 */
uint64_t memlog_stream(const struct memlog_reader *reader);

/**
 * memlog_mapped() - Whether records are read by mmap(2), without system calls.
 * @reader: The reader.
 *
 * Return: true or false.
 */
bool memlog_mapped(const struct memlog_reader *reader);

/**
 * memlog_fd() - A file descriptor to wait on, with poll(2) or the like.
 * @reader: The reader, opened with MEMLOG_READ_FOLLOW.
 *
 * Readable (POLLIN) when there may be more. Valid after memlog_next() returned
 * MEMLOG_NOTHING: call it until it does, then wait level-triggered, then call
 * it again. Do not read from it. It stays the same until the reader is closed,
 * and only the reader's own process may use it.
 *
 * That of a ring file, embedded ring or archive is made by the first call: a reader that
 * nobody waits on costs none. What was written between the last memlog_next() and
 * that call is not missed, the new descriptor is readable then.
 *
 * See memlog_embedded_open() for who is woken by the writer of a ring file.
 *
 * Return: The file descriptor, the library's; -EINVAL not a follower; -EMFILE,
 * -ENFILE, -ENOMEM none is to be had, and calling again tries again.
 */
int memlog_fd(struct memlog_reader *reader);

/**
 * memlog_wait() - Wait until there is something for memlog_next().
 * @reader: The reader, opened with MEMLOG_READ_FOLLOW.
 * @timeout_ms: Longest time to wait in milliseconds; negative: no limit.
 *
 * Return: 1 call memlog_next(); 0 the time is over; -EINTR a signal came;
 * -EINVAL not a follower; or what memlog_fd() or ppoll(2) gave.
 */
int memlog_wait(struct memlog_reader *reader, int timeout_ms);

/**
 * memlog_seek() - Move a reader.
 * @reader: The reader.
 * @whence: MEMLOG_SEEK_SEQ to record @value, MEMLOG_SEEK_LAST to the last
 *          @value records, MEMLOG_SEEK_SINCE to the first record, in the order
 *          of their numbers, with time_ns >= @value, else behind the newest.
 * @stream: The stream meant; 0: any. In an archive MEMLOG_SEEK_SEQ takes any stream
 *          that it has, and 0 is that of memlog_stream(); for the others only the
 *          newest can be named.
 * @value: Number, count or nanoseconds.
 * @missed: Set to the number of records asked for and no longer kept, unless
 *          NULL. They count as skipped, not as lost, and no MEMLOG_LOSS follows,
 *          unless @value is inside of what an archive says was lost.
 *
 * A reader without MEMLOG_READ_FOLLOW gets a new end: the newest record now.
 *
 * Return: 0; -EINVAL unknown @whence; -ESTALE another stream; -ERANGE beyond
 * the next record. The place is unchanged on an error.
 */
int memlog_seek(struct memlog_reader *reader, enum memlog_whence whence,
		uint64_t stream, uint64_t value, uint64_t *missed);

/**
 * memlog_reader_info() - The channel's numbers, and the reader's place in it.
 * @reader: The reader.
 * @info: Filled in, as by MEMLOG_IOC_INFO; @reader_seq, @lost_records and
 *        @lost_bytes are those of memlog_place() and memlog_lost(), @reader_pos
 *        is the position of that record.
 *
 * In an archive, with a ring or without, they are those of the reader's own stream,
 * and @oldest_seq and @oldest_pos those of the oldest record that either has.
 *
 * Return: 0, or what ioctl(2), open(2) or pread(2) gave.
 */
int memlog_reader_info(struct memlog_reader *reader, struct memlog_info *info);

/* ---- Writers ---------------------------------------------------------- */

struct memlog_writer;

/**
 * define MEMLOG_PRI_NONE - Text that says its priority itself, or not at all.
 *
 * For memlog_write(), which then writes the text as it is. A "<N>" prefix counts.
 */
#define MEMLOG_PRI_NONE		(-1)

/**
 * memlog_writer_open() - Open a channel for writing.
 * @writerp: Where to store the new writer.
 * @path: A memlog device, or a ring file that exists (then this process becomes
 *        its one writing process, see memlog_embedded_open()).
 *
 * Return: 0; -ENOTTY @path is not a memlog device; -EBADMSG @path is a file but
 * not a ring; -EBUSY another process writes that ring file; -ENOMEM; or what
 * open(2) gave.
 */
int memlog_writer_open(struct memlog_writer **writerp, const char *path);

/**
 * memlog_writer_open_embedded() - Write to an embedded ring through a writer.
 * @writerp: Where to store the new writer.
 * @ring: The ring; must stay open longer than the writer.
 *
 * Return: 0; -ENOMEM.
 */
int memlog_writer_open_embedded(struct memlog_writer **writerp,
				struct memlog_embedded *ring);

/**
 * memlog_writer_close() - Close a writer.
 * @writer: The writer, or NULL.
 */
void memlog_writer_close(struct memlog_writer *writer);

/**
 * memlog_write() - Write one record.
 * @writer: The writer.
 * @pri: syslog priority, facility * 8 + level, 0 to 191; facility 0 becomes 1,
 *       the kernel's own being kept for it; or MEMLOG_PRI_NONE.
 * @text: The text.
 * @len: Bytes of it. 0 writes nothing and returns 0.
 *
 * Text longer than the channel's max_record becomes several records, each cut
 * after its last newline, or flagged MEMLOG_PARTIAL where there is none. Never
 * waits for readers.
 *
 * Return: Bytes of @text taken: @len, or less if a fatal signal or a fault came
 * between pieces; -EINVAL @pri out of range; -EDQUOT over the channel's quota,
 * nothing recorded; -EFAULT; or what write(2) gave.
 */
ssize_t memlog_write(struct memlog_writer *writer, int pri, const void *text,
		     size_t len);

/**
 * memlog_write_typed() - Write one record of the application's own type.
 * @writer: The writer.
 * @type: The type, not MEMLOG_TYPE_INVALID.
 * @pri: syslog priority, MEMLOG_PRI_MIN to MEMLOG_PRI_MAX.
 * @data: The bytes.
 * @len: How many. 0 writes nothing and returns 0.
 *
 * Return: @len; -EMSGSIZE @type is not MEMLOG_TYPE_TEXT and @len is above the
 * channel's max_record; -EINVAL a bad @type or @pri; else as memlog_write().
 */
ssize_t memlog_write_typed(struct memlog_writer *writer, unsigned int type,
			   int pri, const void *data, size_t len);

/**
 * memlog_printf() - Write one formatted record.
 * @writer: The writer.
 * @pri: As for memlog_write().
 * @fmt: As for printf(3). "%m" is not the library's to give: pass a string.
 *
 * Return: Bytes of text taken; -EOVERFLOW or -EILSEQ from formatting; else as
 * memlog_write(); -ENOMEM for text above 1,000 bytes.
 */
ssize_t memlog_printf(struct memlog_writer *writer, int pri, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * memlog_vprintf() - As memlog_printf(), with a va_list.
 * @writer: The writer.
 * @pri: As for memlog_write().
 * @fmt: As for vprintf(3).
 * @args: The arguments.
 *
 * Return: As memlog_printf().
 */
ssize_t memlog_vprintf(struct memlog_writer *writer, int pri, const char *fmt,
		       va_list args) __attribute__((format(printf, 3, 0)));

/**
 * memlog_writer_stamp() - Stamp all that memlog_write() writes with
 * MEMLOG_PRI_NONE from now on.
 * @writer: The writer.
 * @type: The type, not MEMLOG_TYPE_INVALID.
 * @pri: syslog priority, MEMLOG_PRI_MIN to MEMLOG_PRI_MAX.
 *
 * A "<N>" at the start of a text is text from then on.
 *
 * Return: 0; -EINVAL a bad @type or @pri; or what ioctl(2) gave.
 */
int memlog_writer_stamp(struct memlog_writer *writer, unsigned int type, int pri);

/**
 * memlog_writer_info() - The channel's numbers; @written_seq is the last record
 * memlog_write() wrote through this writer.
 * @writer: The writer.
 * @info: Filled in, as by MEMLOG_IOC_INFO.
 *
 * Return: 0, or what ioctl(2) gave.
 */
int memlog_writer_info(struct memlog_writer *writer, struct memlog_info *info);

/* ---- Embedded rings --------------------------------------------------- */

/**
 * define MEMLOG_EMBEDDED_NEW - Begin a new stream even where there is a ring,
 * which is retired; its readers are told.
 */
#define MEMLOG_EMBEDDED_NEW	(1U << 0)

/**
 * define MEMLOG_EMBEDDED_EXISTING - The ring must exist; make none.
 */
#define MEMLOG_EMBEDDED_EXISTING (1U << 1)

/**
 * struct memlog_embedded_options - What ring to make.
 *
 * @size: sizeof(struct memlog_embedded_options).
 * @flags: MEMLOG_EMBEDDED_*.
 * @mode: File mode of a new ring file, umask not applied; 0 is 0640.
 * @text_size: Bytes of text to keep, a power of two, 4096 to 2^30; 0 leaves all
 *             sizes of a ring that exists as they are, else it is 16384.
 * @records: Records to keep, a power of two, 16 to @text_size; 0 is
 *           @text_size / 32.
 * @max_record: Longest text of one record, at most the lesser of @text_size / 4
 *              and 65536; 0 is the lesser of @text_size / 4 and 16384.
 * @reserved: 0.
 * @name: What records get as comm, cut to 15 bytes: the name of their source.
 *        NULL is the last part of the path, or "memlog". Copied.
 */
struct memlog_embedded_options {
	size_t size;
	uint32_t flags;
	uint32_t mode;
	uint64_t text_size;
	uint64_t records;
	uint32_t max_record;
	uint32_t reserved;
	const char *name;
};

/**
 * struct memlog_attr - What an embedded writer says about a record.
 *
 * @size: sizeof(struct memlog_attr).
 * @cgroup: cgroup id of the writer, 0 if there is none.
 * @pid: Process id of the writer; MEMLOG_ID_NONE if not from the kernel.
 * @uid: User id of the writer; MEMLOG_ID_NONE likewise.
 * @type: The application's type; MEMLOG_TYPE_TEXT for text.
 * @pri: syslog priority, 0 to 191.
 * @reserved: 0.
 * @comm: Name of the writer, cut to 15 bytes; NULL is the ring's own name.
 */
struct memlog_attr {
	size_t size;
	uint64_t cgroup;
	uint32_t pid;
	uint32_t uid;
	uint16_t type;
	uint8_t pri;
	uint8_t reserved[5];
	const char *comm;
};

/**
 * define MEMLOG_ATTR_INIT - What holds for a record nothing was said about.
 */
#define MEMLOG_ATTR_INIT {						\
	sizeof(struct memlog_attr), 0, MEMLOG_ID_NONE, MEMLOG_ID_NONE,	\
	MEMLOG_TYPE_TEXT, MEMLOG_PRI_DEFAULT, { 0 }, NULL }

/**
 * struct memlog_written - The records one write became.
 *
 * @first_seq: Number of the first one; MEMLOG_SEQ_NONE if none was made.
 * @last_seq: Number of the last one. Records of other writers may stand between
 *            the two.
 */
struct memlog_written {
	uint64_t first_seq;
	uint64_t last_seq;
};

/**
 * memlog_embedded_open() - Open a ring in user space for writing.
 * @ringp: Where to store the ring.
 * @path: The ring file, made if there is none; NULL for one in memory (a memfd,
 *        sealed against truncation).
 * @options: NULL for 16384 bytes of text.
 *
 * The file has the layout of a device's mapping. It outlives the process, and
 * opening it again continues its stream, also when the process was killed in
 * the middle of a write: that record was then never written. With other sizes
 * than the file's, it is resized. One process at a time may have it open for
 * writing, which a lock on the file ensures; threads of it share the handle.
 * While a file is made or resized there is PATH.new beside it.
 *
 * Any process that can read the file can follow it. One that can write it too
 * is woken by the writer; others look every 20 ms while they wait. A file that
 * less trusted users can write is theirs to damage: keep it in a folder of its
 * own ($RUNTIME_DIRECTORY), with the default mode.
 *
 * Return: 0; -EINVAL unknown flag or a size that is not allowed; -ENOENT with
 * MEMLOG_EMBEDDED_EXISTING; -EBUSY another process has it open for writing, or
 * this one has; -EBADMSG the file is not a ring, or damaged (remove it, or pass
 * MEMLOG_EMBEDDED_NEW); -EPROTONOSUPPORT it is of another ABI; -ENOSPC, -ENOMEM;
 * or what open(2) and the like gave.
 */
int memlog_embedded_open(struct memlog_embedded **ringp, const char *path,
			 const struct memlog_embedded_options *options);

/**
 * memlog_embedded_close() - Close an embedded ring.
 * @ring: The ring, or NULL. The file stays and can be opened again; readers of
 *        other processes go on waiting for that.
 */
void memlog_embedded_close(struct memlog_embedded *ring);

/**
 * memlog_embedded_finish() - End the stream for good.
 * @ring: The ring.
 *
 * Readers get MEMLOG_END behind the last record. Further writes are -ESHUTDOWN;
 * opening the file again begins a new stream.
 *
 * Return: 0.
 */
int memlog_embedded_finish(struct memlog_embedded *ring);

/**
 * memlog_embedded_write() - Write one record.
 * @ring: The ring.
 * @attr: What to say about it; NULL is MEMLOG_ATTR_INIT.
 * @text: The text; a "<N>" at its start is text.
 * @len: Bytes of it. 0 writes nothing and returns 0.
 * @written: Set to the numbers the record or its pieces got, unless NULL.
 *
 * Text above max_record is cut as by memlog_write(). Never waits for readers;
 * makes no system call but to wake those that sleep.
 *
 * Return: @len; -EINVAL bad @attr; -EMSGSIZE its type is not MEMLOG_TYPE_TEXT and
 * @len is above max_record; -ESHUTDOWN the ring is finished.
 */
ssize_t memlog_embedded_write(struct memlog_embedded *ring,
			      const struct memlog_attr *attr, const void *text,
			      size_t len, struct memlog_written *written);

/**
 * memlog_embedded_resize() - Change the sizes of a ring, keeping the newest
 * records.
 * @ring: The ring.
 * @resize: The new sizes, as for MEMLOG_IOC_RESIZE; 0 is each one's default.
 *
 * Readers keep their place. A ring with a path gets a new file of that name.
 *
 * Return: 0; -EINVAL a size that is not allowed, or flags; -ENOMEM, -ENOSPC; or
 * what open(2) and the like gave.
 */
int memlog_embedded_resize(struct memlog_embedded *ring,
			   const struct memlog_resize *resize);

/**
 * memlog_embedded_info() - The ring's numbers.
 * @ring: The ring.
 * @info: Filled in, as by MEMLOG_IOC_INFO.
 *
 * Return: 0.
 */
int memlog_embedded_info(struct memlog_embedded *ring, struct memlog_info *info);

/**
 * memlog_embedded_fd() - The ring's file, to hand to another process.
 * @ring: The ring.
 *
 * Return: A file descriptor, the caller's to close; of another file after a
 * resize. -EMFILE, -ENFILE none to be had.
 */
int memlog_embedded_fd(struct memlog_embedded *ring);

/* ---- Watches ---------------------------------------------------------- */

struct memlog_watch;

/**
 * typedef memlog_watch_fn - Called for each event of a watch.
 * @arg: As given to memlog_watch_open().
 * @event: MEMLOG_RECORD, MEMLOG_LOSS, MEMLOG_STREAM; MEMLOG_END or a negative
 *         errno value exactly once, as the last call of all.
 * @rec: The record if @event is MEMLOG_RECORD, else NULL.
 * @text: Its text, rec->len bytes, not NUL-terminated, else NULL.
 * @loss: What was lost if @event is MEMLOG_LOSS, else NULL.
 *
 * The pointers are valid until the call returns. Calls come one after another,
 * all on the watch's own thread, with all signals blocked.
 */
typedef void (*memlog_watch_fn)(void *arg, int event,
				const struct memlog_record *rec,
				const char *text,
				const struct memlog_loss *loss);

/**
 * memlog_watch_open() - Have a function called for each record of a channel.
 * @watchp: Where to store the watch.
 * @path: A memlog device, a ring file or an archive.
 * @options: As for memlog_reader_open(); NULL follows, beginning behind the
 *           newest record.
 * @queue_size: Bytes of records to hold for a callback that is slower than the
 *              writers for a while; 0 is 1 MiB. When it is full the ring goes on
 *              without it, and what it overwrites is told as lost.
 * @fn: The callback.
 * @arg: Passed to @fn.
 *
 * Return: 0; -EAGAIN no thread to be had; else as memlog_reader_open().
 */
int memlog_watch_open(struct memlog_watch **watchp, const char *path,
		      const struct memlog_reader_options *options,
		      size_t queue_size, memlog_watch_fn fn, void *arg);

/**
 * memlog_watch_close() - Stop a watch and wait until its callback has returned
 * for the last time.
 * @watchp: The handle, which becomes NULL: closing twice is harmless, from two
 *          threads at once too.
 *
 * The records queued but not yet given are dropped. May be called in the
 * callback: then it does not wait, and the last call comes after this one.
 */
void memlog_watch_close(struct memlog_watch **watchp);

/* ---- Archives --------------------------------------------------------- */

/*
 * An archive is a folder of days, YYYYMMDD, which keeps what rings overwrite.
 * memlog_reader_open() reads it like a ring; this reads its rows as they stand, and
 * stays in each day until that is complete.
 */

/**
 * enum memlog_archive_answer - What a callback wants next.
 *
 * @MEMLOG_ARCHIVE_STOP: No more: memlog_archive_read() returns 0.
 * @MEMLOG_ARCHIVE_NEXT: The next row, or day.
 * @MEMLOG_ARCHIVE_AGAIN: The same again in one second.
 */
enum memlog_archive_answer {
	MEMLOG_ARCHIVE_STOP = 0,
	MEMLOG_ARCHIVE_NEXT = 1,
	MEMLOG_ARCHIVE_AGAIN = 2,
};

/**
 * define MEMLOG_ARCHIVE_LOCAL - Days are those of the process's own time zone (TZ),
 * not of UTC; as the archive was written.
 */
#define MEMLOG_ARCHIVE_LOCAL	(1U << 0)

/**
 * define MEMLOG_ARCHIVE_STOP_FD - &memlog_archive_options.stop_fd counts.
 */
#define MEMLOG_ARCHIVE_STOP_FD	(1U << 1)

/**
 * struct memlog_archive_options - What to read of an archive.
 *
 * @size: sizeof(struct memlog_archive_options); later versions grow at the end.
 * @flags: MEMLOG_ARCHIVE_*.
 * @date: First day, as the number YYYYMMDD; if it is not there, the first later
 *        one. 0: the oldest.
 * @row: First row of @date, counted from 0.
 * @stop_fd: Waiting ends when this becomes readable, as if the callback had said
 *           MEMLOG_ARCHIVE_STOP.
 * @reserved: 0.
 */
struct memlog_archive_options {
	size_t size;
	uint32_t flags;
	uint32_t date;
	uint64_t row;
	int stop_fd;
	uint32_t reserved;
};

/**
 * struct memlog_archive_entry - A row, or the end of a day.
 *
 * @date: The day, as the number YYYYMMDD.
 * @row: The row's number in it; with @date this is where to go on another time.
 * @stream: Id of the record's stream. A day that another program wrote is a stream
 *          of its own, with its date in hexadecimal digits as id.
 * @rec: The record; NULL if there is none.
 * @text: Its text, rec->len bytes, not NUL-terminated.
 * @loss: @rec is NULL: what was lost where this row stands: the archive says so, or
 *        the row is damaged (`memlog archive verify` says how), and then
 *        &memlog_loss.bytes is not known.
 *
 * Where both @rec and @loss are NULL, the day is finished and before today, all of
 * it was told, and the callback is asked whether to go on to the next.
 */
struct memlog_archive_entry {
	uint32_t date;
	uint32_t reserved;
	uint64_t row;
	uint64_t stream;
	const struct memlog_record *rec;
	const char *text;
	const struct memlog_loss *loss;
};

/**
 * typedef memlog_archive_fn - Called for each row of an archive.
 * @arg: As given to memlog_archive_read().
 * @entry: The row, or the end of a day; valid until the call returns.
 *
 * Return: An &enum memlog_archive_answer.
 */
typedef int (*memlog_archive_fn)(void *arg, const struct memlog_archive_entry *entry);

/**
 * memlog_archive_read() - Have a function called for each row of an archive, those
 * to come too.
 * @dir: The archive's folder.
 * @options: NULL: from the oldest day on.
 * @fn: The callback; called in this thread.
 * @arg: Passed to @fn.
 *
 * It stays in a day until that is finished and before today, and waits for rows and
 * days to come, so it returns only when told to. Rows are told in the order in which
 * they stand; what is missing between two of them shows in their numbers.
 *
 * Return: 0 it was stopped; -EINVAL @options has an unknown flag, a nonzero unknown
 * tail or a @size that is too small, or @fn gave no answer; -EINTR a signal came;
 * -ESTALE the day being read was removed or replaced; -EBADMSG, -EPROTONOSUPPORT a
 * day's meta is not memlog's or too new; -ENOMEM; or what open(2), pread(2) or
 * poll(2) gave.
 */
int memlog_archive_read(const char *dir, const struct memlog_archive_options *options,
			memlog_archive_fn fn, void *arg);

/* ---- Channels --------------------------------------------------------- */

/**
 * memlog_channel_path() - Path of a channel's device.
 * @buf: Where to put the path, NUL-terminated.
 * @size: Bytes of @buf; 32 always do for a channel's name.
 * @channel: NULL or "memlog": /dev/memlog. A name: /dev/memlog-NAME. What has
 *           a slash in it is taken as a path.
 *
 * Return: 0; -EINVAL neither a path nor 1 to 16 of [a-z0-9_-]; -ENAMETOOLONG
 * @buf is too small.
 */
int memlog_channel_path(char *buf, size_t size, const char *channel);

/**
 * memlog_info() - A channel's numbers.
 * @path: A memlog device, or a ring file.
 * @info: Filled in, as by MEMLOG_IOC_INFO.
 *
 * Return: 0; else as memlog_reader_open().
 */
int memlog_info(const char *path, struct memlog_info *info);

/**
 * memlog_clear() - Put a device's CLEAR mark behind the newest record. Nothing
 * is deleted.
 * @path: A memlog device.
 * @seq: Set to where the mark is now, unless NULL.
 *
 * Return: 0; -EPERM CAP_SYSLOG is missing; -ENOTTY not a memlog device; or what
 * open(2) gave.
 */
int memlog_clear(const char *path, uint64_t *seq);

/**
 * memlog_resize() - Change the sizes of a device's ring, keeping the newest
 * records.
 * @path: A memlog device.
 * @resize: The new sizes; 0 is each one's default.
 *
 * Return: 0; -EPERM CAP_SYS_ADMIN is missing; -EINVAL a size that is not
 * allowed; -EBUSY a mapping of an even older ring is in use; -ENOMEM; -ENOTTY
 * not a memlog device; or what open(2) gave.
 */
int memlog_resize(const char *path, const struct memlog_resize *resize);

/* ---- Text that people write ------------------------------------------- */

/**
 * memlog_parse_time() - A point in time.
 * @str: RFC 3339 ("2024-05-01T12:00:00Z", "…+02:00", a space for the T, and
 *       without an offset local time; "2024-05-01", "2024-05-01 12:00"); "now",
 *       "today", "yesterday", "tomorrow" (their midnight, local time); "12:00",
 *       "12:00:30" today; "-5m" or "+1h30m" from now (s, m, h, d, w, ms; s if
 *       none is named); "@1714564800.25" seconds since 1970.
 * @now_ns: What now is.
 * @ns: Set to the time.
 *
 * Return: 0; -EINVAL not a time; -ERANGE before 1970 or beyond 2554.
 */
int memlog_parse_time(const char *str, uint64_t now_ns, uint64_t *ns);

/**
 * memlog_parse_level() - A syslog level.
 * @str: "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
 *       "panic", "error", "warn" in any case, or "0" to "7".
 *
 * Return: 0 to 7; -EINVAL.
 */
int memlog_parse_level(const char *str);

/**
 * memlog_parse_levels() - A set of syslog levels.
 * @str: "LEVEL": that and all more severe; "FROM..TO": those between, both
 *       included, in either order; "=LEVEL": that one; several, parted by commas.
 * @mask: Set to a bit for each level, 1 << level.
 *
 * Return: 0; -EINVAL.
 */
int memlog_parse_levels(const char *str, unsigned int *mask);

/**
 * memlog_parse_pri() - A syslog priority.
 * @str: "FACILITY.LEVEL", "LEVEL" (of facility user), or 0 to 191.
 *
 * A number of one digit is a level, so "3" and "err" are the same.
 *
 * Return: 0 to 191; -EINVAL.
 */
int memlog_parse_pri(const char *str);

/**
 * memlog_parse_size() - A number of bytes.
 * @str: Decimal, with K, M, G or T (1024 each), in either case, "KiB" and "KB"
 *       alike.
 * @bytes: Set to it.
 *
 * Return: 0; -EINVAL not a size; -ERANGE above 2^64 - 1.
 */
int memlog_parse_size(const char *str, uint64_t *bytes);

/**
 * memlog_parse_number() - A decimal number, nothing else.
 * @str: Digits.
 * @value: Set to it.
 *
 * Return: 0; -EINVAL not a number; -ERANGE above 2^64 - 1.
 */
int memlog_parse_number(const char *str, uint64_t *value);

/**
 * memlog_parse_place() - A record's name: its stream and number.
 * @str: "STREAM:SEQ", the stream as 16 hexadecimal digits; or "SEQ" alone.
 * @stream: Set to the stream, 0 if none is named.
 * @seq: Set to the number.
 *
 * Return: 0; -EINVAL not such a name; -ERANGE the number is above 2^64 - 1.
 */
int memlog_parse_place(const char *str, uint64_t *stream, uint64_t *seq);

/**
 * memlog_level_name() - Name of a syslog level.
 * @level: Only its low three bits count, so a priority does too.
 *
 * Return: "emerg" to "debug".
 */
const char *memlog_level_name(unsigned int level);

/**
 * memlog_facility_name() - Name of a syslog facility.
 * @facility: 0 to 23.
 *
 * Return: "kern" to "local7"; "unknown" for any other.
 */
const char *memlog_facility_name(unsigned int facility);

/**
 * define MEMLOG_TIME_SIZE - Bytes memlog_format_time() needs at most.
 */
#define MEMLOG_TIME_SIZE	40

/**
 * memlog_format_time() - A time in RFC 3339, with microseconds.
 * @buf: At least MEMLOG_TIME_SIZE bytes; becomes NUL-terminated.
 * @ns: The time.
 * @utc: true: in UTC, "…Z"; false: local time with its offset.
 *
 * Return: Bytes written, without the NUL.
 */
size_t memlog_format_time(char *buf, uint64_t ns, bool utc);

/* ---- JSON and UTF-8 --------------------------------------------------- */

/*
 * Each of the following writes one value into the caller's buffer, allocates
 * nothing, and returns how long it is in full, without the NUL it ends with:
 * when that is not below @size, what is in @buf was cut and is of no use.
 */

/**
 * memlog_json_room() - Bytes memlog_json_record() needs at most.
 * @rec: The record.
 * @service: As will be passed.
 *
 * Return: The bytes, with the NUL.
 */
size_t memlog_json_room(const struct memlog_record *rec, const char *service);

/**
 * memlog_json_record() - A record as a JSON object.
 * @buf: The buffer.
 * @size: Bytes of it.
 * @rec: The record.
 * @text: Its text, rec->len bytes.
 * @service: Name of the service its cgroup is, NULL for "".
 *
 * {"seq","pos","time_ns","pri","type","pid","uid","comm","cgroup","service",
 * "flags","text"}; time_ns and cgroup as strings of digits, "base64" in the
 * place of "text" when that is not valid UTF-8. Escaped are control characters,
 * quotes and backslashes; all else stands there as UTF-8.
 *
 * Return: Length of the object.
 */
size_t memlog_json_record(char *buf, size_t size, const struct memlog_record *rec,
			  const char *text, const char *service);

/**
 * memlog_json_lost() - {"lost":{"from","to","records","bytes"}}
 * @buf: The buffer; 128 bytes always do.
 * @size: Bytes of it.
 * @loss: What was lost. Where its bytes are not known, "bytes" is null.
 *
 * Return: Length of the object.
 */
size_t memlog_json_lost(char *buf, size_t size, const struct memlog_loss *loss);

/**
 * memlog_json_ended() - {"ended":{"stream","last"}}
 * @buf: The buffer; 128 bytes always do.
 * @size: Bytes of it.
 * @stream: The stream that has ended.
 * @next_seq: One more than its last record's number; "last" is null for 0.
 *
 * Return: Length of the object.
 */
size_t memlog_json_ended(char *buf, size_t size, uint64_t stream,
			 uint64_t next_seq);

/**
 * memlog_json_hello() - {"stream","channel","oldest","next"}
 * @buf: The buffer.
 * @size: Bytes of it.
 * @stream: The stream that begins.
 * @channel: Name of the channel.
 * @oldest: Number of its oldest record kept.
 * @next: Number of its next record.
 *
 * Return: Length of the object.
 */
size_t memlog_json_hello(char *buf, size_t size, uint64_t stream,
			 const char *channel, uint64_t oldest, uint64_t next);

/**
 * memlog_json_string() - Text as a JSON string, quotes included.
 * @buf: The buffer; 6 * @len + 3 bytes always do.
 * @size: Bytes of it.
 * @text: The text; what is not valid UTF-8 in it becomes U+FFFD.
 * @len: Bytes of it.
 *
 * Return: Length of the string.
 */
size_t memlog_json_string(char *buf, size_t size, const char *text, size_t len);

/**
 * memlog_utf8_valid() - How much of a text is valid UTF-8.
 * @text: The text.
 * @len: Bytes of it.
 *
 * Return: Bytes before the first one that is not part of a complete, valid
 * sequence: @len if all is well.
 */
size_t memlog_utf8_valid(const char *text, size_t len);

/**
 * memlog_utf8_repair() - Text as valid UTF-8.
 * @buf: The buffer; 3 * @len + 1 bytes always do.
 * @size: Bytes of it.
 * @text: The text. Each maximal part of a broken sequence becomes one U+FFFD.
 * @len: Bytes of it.
 *
 * Return: Length of the valid text.
 */
size_t memlog_utf8_repair(char *buf, size_t size, const char *text, size_t len);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* MEMLOG_H */
