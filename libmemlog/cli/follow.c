// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog follow: records to standard output, and in their place the losses.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "follow.h"

#define WAIT_MS		50
/* Clocks are set: how long to trust a time computed from one. */
#define UNTIL_MS	1000
/* Records of an archive to look at first for the last that match. */
#define TAIL_FIRST	4096

static volatile int stop;
static int stop_fd = -1;

static void on_signal(int signo)
{
	static const uint64_t one = 1;
	int saved = errno;

	stop = 1;
	if (write(stop_fd, &one, sizeof(one)) < 0)
		stop = 2;
	errno = saved;
}

/* The flag ends what runs, the eventfd what waits, EINTR what writes. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };

	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0)
		die("eventfd: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static struct memlog_reader *open_reader(struct follow *follow,
					 const struct memlog_reader_options *options)
{
	static const struct timespec nap = { .tv_nsec = WAIT_MS * 1000000L };
	struct memlog_reader *reader = NULL;
	int err;

	for (;;) {
		err = memlog_reader_open(&reader, follow->path, options);
		if (err != -ENOENT || !follow->wait || stop)
			break;
		nanosleep(&nap, NULL);
	}
	if (err == -ENOENT && stop)
		exit(EXIT_SUCCESS);
	if (err)
		die_channel(follow->path, TO_READ, err);
	return reader;
}

/* To the CLEAR mark, unless the reader is behind it or was told otherwise. */
void follow_begin(struct follow *follow, struct memlog_reader *reader)
{
	struct memlog_info info;

	if (follow->all || follow->options.flags & MEMLOG_READ_FROM ||
	    memlog_reader_info(reader, &info) ||
	    info.clear_seq <= memlog_place(reader))
		return;
	if (!follow->quiet)
		complain("%" PRIu64 " records before the last \"memlog clear\" are hidden; "
			 "--all shows them",
			 (uint64_t)info.clear_seq - memlog_place(reader));
	memlog_seek(reader, MEMLOG_SEEK_SEQ, info.stream, info.clear_seq, NULL);
}

/* Return: whether there may be another one. */
bool follow_record(struct follow *follow, const struct memlog_record *rec,
		   const char *text)
{
	if (filter_match(&follow->filter, rec, text)) {
		format_record(&follow->format, &follow->out, rec, text);
		follow->shown++;
	}
	return follow->shown < follow->max;
}

void follow_loss(struct follow *follow, const struct memlog_loss *loss)
{
	format_loss(&follow->format, &follow->out, loss);
	follow->lost_records += loss->records;
	follow->lost_bytes += loss->bytes;
	follow->place = loss->to_seq + 1;
}

/**
 * struct place - A record's name.
 * @stream: Its stream.
 * @seq: Its number in that.
 */
struct place {
	uint64_t stream;
	uint64_t seq;
};

/* Where the last @count records that match begin; false if all do. */
static bool find_last(struct follow *follow, struct memlog_reader *reader,
		      uint64_t count, uint64_t room, struct place *first)
{
	const struct memlog_record *rec;
	struct place *places;
	uint64_t found = 0;
	const char *text;
	int event = MEMLOG_RECORD;

	if (count < room)
		room = count;
	places = calloc(room + 1, sizeof(*places));
	if (!places)
		die("no memory");
	while (!stop && event != MEMLOG_END && event != MEMLOG_NOTHING && event >= 0) {
		event = memlog_next(reader, &rec, &text);
		if (event == MEMLOG_RECORD && filter_match(&follow->filter, rec, text))
			places[found++ % room] = (struct place){ memlog_stream(reader),
								 rec->seq };
	}
	if (found >= count)
		*first = places[found % room];
	free(places);
	return found >= count;
}

/* Most records that there can be in a ring. */
static uint64_t ring_room(struct memlog_reader *reader)
{
	struct memlog_info info;

	return memlog_reader_info(reader, &info) ? UINT64_MAX : info.records + 1;
}

/* Of an archive not all is read, but ever more of its end until it is enough. */
static bool find_in_archive(struct follow *follow, uint64_t count, struct place *first)
{
	struct place from, before = { .seq = MEMLOG_SEQ_NONE };
	struct memlog_reader_options options = follow->options;
	struct memlog_reader *reader;
	bool found = false, all = false;

	options.flags |= MEMLOG_READ_TAIL;
	for (options.tail = TAIL_FIRST; !found && !all && !stop; options.tail *= 8) {
		reader = open_reader(follow, &options);
		follow_begin(follow, reader);
		from = (struct place){ memlog_stream(reader), memlog_place(reader) };
		all = from.stream == before.stream && from.seq == before.seq;
		if (!all)
			found = find_last(follow, reader, count, options.tail + 1, first);
		before = from;
		memlog_reader_close(reader);
		all |= options.tail > UINT64_MAX / 8;
	}
	return found;
}

/*
 * The library counts records, -n those that are shown. What is overwritten
 * between the count and the reading is told as lost.
 */
static void find_tail(struct follow *follow)
{
	uint64_t count = follow->options.tail;
	struct memlog_reader *reader;
	struct place first;
	bool found;

	if (!(follow->options.flags & MEMLOG_READ_TAIL) || !count ||
	    (!follow->filter.any && !follow->reverse))
		return;
	follow->options.flags &= ~MEMLOG_READ_TAIL;
	if (follow->reverse) {
		if (count < follow->max)
			follow->max = count;
		return;
	}
	if (follow_is_archive(follow)) {
		found = find_in_archive(follow, count, &first);
	} else {
		reader = open_reader(follow, &follow->options);
		follow_begin(follow, reader);
		found = find_last(follow, reader, count, ring_room(reader), &first);
		memlog_reader_close(reader);
	}
	if (!found)
		return;
	follow->options.flags |= MEMLOG_READ_FROM;
	follow->options.from_stream = first.stream;
	follow->options.from_seq = first.seq;
}

static int until_timeout(const struct follow *follow)
{
	uint64_t now = now_ns(), ms;

	if (!(follow->options.flags & MEMLOG_READ_UNTIL))
		return -1;
	if (now >= follow->options.until_ns)
		return 1;
	ms = (follow->options.until_ns - now) / 1000000 + 1;
	return ms < UNTIL_MS ? (int)ms : UNTIL_MS;
}

/* Also until whoever reads standard output has gone. */
static void wait_for_more(struct follow *follow, struct memlog_reader *reader)
{
	struct pollfd fds[] = {
		{ .fd = memlog_fd(reader), .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN },
		{ .fd = follow->out.fd },
	};

	if (fds[0].fd < 0)
		die_channel(follow->path, TO_READ, fds[0].fd);
	out_flush(&follow->out);
	if (stop || follow->out.error)
		return;
	if (poll(fds, ARRAY_SIZE(fds), until_timeout(follow)) < 0)
		return;
	if (fds[2].revents & (POLLERR | POLLHUP))
		follow->out.error = -EPIPE;
}

static void show(struct follow *follow, struct memlog_reader *reader)
{
	const struct memlog_record *rec;
	const char *text;
	bool more = true;
	int event;

	while (more && !stop && !follow->out.error) {
		event = memlog_next(reader, &rec, &text);
		switch (event) {
		case MEMLOG_RECORD:
			follow->place = rec->seq + 1;
			more = follow_record(follow, rec, text);
			break;
		case MEMLOG_LOSS:
			follow_loss(follow, memlog_loss(reader));
			break;
		case MEMLOG_STREAM:
			format_stream(&follow->format, &follow->out, follow->place,
				      memlog_stream(reader));
			follow->place = memlog_place(reader);
			break;
		case MEMLOG_NOTHING:
			wait_for_more(follow, reader);
			break;
		case MEMLOG_END:
			return;
		default:
			format_end(&follow->format, &follow->out);
			out_flush(&follow->out);
			die_channel(follow->path, TO_READ, event);
		}
	}
}

static int finish(struct follow *follow)
{
	int err;

	format_end(&follow->format, &follow->out);
	out_flush(&follow->out);
	err = follow->out.error;
	if (err && err != -EPIPE && err != -EINTR)
		die("standard output: %s", strerror(-err));
	if (!follow->lost_records)
		return EXIT_SUCCESS;
	if (!follow->quiet)
		complain("lost %" PRIu64 " records, %" PRIu64 " bytes in all",
			 follow->lost_records, follow->lost_bytes);
	return follow->strict ? EXIT_LOSS : EXIT_SUCCESS;
}

bool follow_is_archive(const struct follow *follow)
{
	struct stat st;

	return follow->options.flags & MEMLOG_READ_ARCHIVE ||
	       (!stat(follow->path, &st) && S_ISDIR(st.st_mode));
}

void follow_init(struct follow *follow)
{
	*follow = (struct follow){
		.options = { .size = sizeof(follow->options) },
		.max = UINT64_MAX,
	};
	filter_init(&follow->filter);
	format_init(&follow->format);
}

void follow_start(struct follow *follow)
{
	if (out_init(&follow->out, STDOUT_FILENO, &stop))
		die("no memory");
	catch_signals();
}

void follow_channel(struct follow *follow)
{
	struct memlog_reader_options asked = follow->options;
	struct memlog_reader *reader;

	if (follow->reverse && follow_is_archive(follow))
		usage("-r is for channels; to turn what an archive has around, pass it "
		      "through tac(1)");
	find_tail(follow);
	if (follow->live)
		follow->options.flags |= MEMLOG_READ_FOLLOW;
	reader = open_reader(follow, &follow->options);
	follow_begin(follow, reader);
	follow->place = memlog_place(reader);
	follow->format.stream = memlog_stream(reader);
	if (follow->max > follow->shown && follow->reverse)
		show_backwards(follow, reader);
	else if (follow->max > follow->shown)
		show(follow, reader);
	memlog_reader_close(reader);
	format_end(&follow->format, &follow->out);
	follow->options = asked;
}

int follow_finish(struct follow *follow)
{
	int status = finish(follow);

	filter_free(&follow->filter);
	out_free(&follow->out);
	cgroup_forget();
	return status;
}

static int follow_main(int argc, char **argv)
{
	struct follow follow;

	follow_init(&follow);
	follow.live = true;
	follow_parse(&follow, argc, argv);
	if (optind < argc && !follow.channel)
		follow.channel = argv[optind++];
	if (optind < argc)
		usage("one channel at a time, not %s too", argv[optind]);
	arg_channel(follow.path, follow.channel);
	follow_distrust(&follow);
	follow_start(&follow);
	follow_channel(&follow);
	return follow_finish(&follow);
}

const struct command command_follow = {
	.name = "follow",
	.run = follow_main,
	.help = follow_help,
};
