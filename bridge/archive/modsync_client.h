/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies the days of a go-modsynclog server (its socket protocol) into an archive:
 * folders DIR/YYYYMMDD without meta, byte for byte those of the server. A thread of
 * its own; connects again when the connection is lost.
 *
 * It asks for the day after the last complete one, from its first missing row on,
 * day by day, however long it was away; a day is finished when the server says that
 * it is complete. The protocol knows no authentication and no encryption.
 */
#ifndef BRIDGE_MODSYNC_CLIENT_H
#define BRIDGE_MODSYNC_CLIENT_H

#include <archive/writer.h>
#include <stdbool.h>
#include <stdint.h>

#define MODSYNC_HOST_SIZE	256
#define MODSYNC_PORT_SIZE	6
#define MODSYNC_HISTORY_MAX	36500

struct modsync_client;

/**
 * struct modsync_client_options - What to copy, and how.
 * @host: Name or address of the server.
 * @port: Its port, digits.
 * @dir: The archive's folder.
 * @flag: The number that all frames begin with, MODSYNC_FLAG by default
 *        (modsync_frame.h).
 * @history_days: Where @dir is empty, begin so many days before today; 0: with today.
 * @keep_days: Finished days to keep, counted back from today, at least 1 and at
 *             least @history_days; 0: all.
 * @max_bytes: As of archive_expire(); 0: no limit.
 * @sync: As of struct archive_options. Nothing is acknowledged in this protocol.
 * @local: Days are those of the process's zone (TZ), else of UTC: which one is today.
 * @gid: Group of folders and files, -1 leaves it.
 * @patience: Seconds of silence after which the server is asked once more, and, of a
 *            day that ended long ago, after which the day is taken as complete if
 *            the server lives; 0: 30.
 * @say: Told in words what happens and what is wrong, one line each, in the thread;
 *       may be NULL.
 * @arg: For @say.
 */
struct modsync_client_options {
	const char *host;
	const char *port;
	const char *dir;
	uint32_t flag;
	unsigned int history_days;
	unsigned int keep_days;
	uint64_t max_bytes;
	enum archive_sync sync;
	bool local;
	gid_t gid;
	unsigned int patience;
	void (*say)(void *arg, const char *text);
	void *arg;
};

/**
 * struct modsync_client_stats - How it goes. All counts are of this run.
 * @connected: There is a connection, and the server has answered.
 * @date: The day that is copied.
 * @day_rows: Rows of it that are here.
 * @today: The client's own day: days left are archive_date_diff(date, today).
 * @rows: Rows written.
 * @bytes: Bytes of their texts.
 * @wire_bytes: Bytes received.
 * @days: Days finished.
 * @connects: Connections made.
 * @refused: Frames and rows that were not what they have to be.
 * @newest_time: Time of the newest row, seconds since 1970.
 * @last_ns: When rows came last, CLOCK_REALTIME; 0: none yet.
 * @write_error: The archive can't be written now: a negative errno value, else 0.
 */
struct modsync_client_stats {
	bool connected;
	uint32_t date;
	uint64_t day_rows;
	uint32_t today;
	uint64_t rows;
	uint64_t bytes;
	uint64_t wire_bytes;
	uint64_t days;
	uint64_t connects;
	uint64_t refused;
	uint32_t newest_time;
	uint64_t last_ns;
	int write_error;
};

/**
 * modsync_address() - Take modsync://HOST:PORT apart.
 * @url: That; HOST may be [ADDR].
 * @host: Set to the host, without brackets.
 * @port: Set to the port.
 *
 * Return: false: it is none.
 */
bool modsync_address(const char *url, char host[MODSYNC_HOST_SIZE],
		     char port[MODSYNC_PORT_SIZE]);

/**
 * modsync_client_start() - Begin to copy.
 * @clientp: Set to the client.
 * @options: Copied.
 *
 * Opens the archive (archive_writer_open()), which this thread then has for itself.
 *
 * Return: 0; -EINVAL @keep_days is less than it may be; what archive_writer_open()
 * gives; -EAGAIN, -EMFILE, -ENOMEM. It is said.
 */
int modsync_client_start(struct modsync_client **clientp,
			 const struct modsync_client_options *options);

/* Ends the connection, writes what came whole, and waits for the thread. */
void modsync_client_stop(struct modsync_client *client);

/* From any thread. */
void modsync_client_stats(struct modsync_client *client, struct modsync_client_stats *stats);

#endif /* BRIDGE_MODSYNC_CLIENT_H */
