// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing with nobody waiting, and writing with reading in batches.
 */
#include <fcntl.h>

#include "bound.h"
#include "peer.h"
#include "table.h"

/* One row: a cost for each size of record that the peer takes. */
struct row {
	struct cost cost[RECORD_SIZES];
	bool taken[RECORD_SIZES];
	double delivered;
	unsigned int batch;
};

static bool wanted(const struct peer *peer, int column)
{
	return channel_takes(peer, record_sizes[column]) &&
	       (!quick || column == RECORD_COLUMN);
}

static void measure(struct row *row, const struct peer *peer, cost_fn fn)
{
	row->delivered = 100;
	for (int i = 0; i < RECORD_SIZES; i++) {
		struct channel ch;

		row->taken[i] = wanted(peer, i);
		if (!row->taken[i])
			continue;
		channel_open(&ch, peer, record_sizes[i], O_NONBLOCK);
		row->cost[i] = cost_of(fn, &ch, channel_ops(&ch));
		if (channel_delivered(&ch) < row->delivered)
			row->delivered = channel_delivered(&ch);
		if (i == RECORD_COLUMN)
			row->batch = ch.batch;
		channel_close(&ch);
	}
}

static void print_costs(const struct row *row)
{
	for (int i = 0; i < RECORD_SIZES; i++) {
		if (row->taken[i])
			table_cost(&row->cost[i]);
		else
			table_none();
	}
}

void bench_writes(void)
{
	static const char *const heads[] = { "dlvrd %", TABLE_SIZES, "x null", NULL };

	table_begin("write(2), nobody waiting: instructions a record", heads);
	for (const struct peer *const *p = peers(); *p; p++) {
		const struct peer *peer = *p;
		struct row row = { .batch = 0 };
		double write;

		if (peer->batch_only)
			continue;
		measure(&row, peer, channel_time_writes);
		write = row.cost[RECORD_COLUMN].median;
		if (peer == &peer_null)
			null_write = write;
		table_row("%s", peer->name);
		if (peer == &peer_null)
			table_none();
		else
			table_number(row.delivered, 1);
		print_costs(&row);
		table_number(write / null_write, 2);
		if (peer->ring)
			bound_at_most(write / null_write, 1.60, "x /dev/null",
				      "write of %d B, %s", RECORD, peer->name);
	}
	table_end("x null: at 100 B, in times what /dev/null takes. The rings are full: each\n"
		  "write to memlog evicts what it needs. All is read in between, uncounted.\n"
		  "/dev/kmsg refuses lines above 976 B.");
}

void bench_batches(void)
{
	static const char *const heads[] = {
		"dlvrd %", TABLE_SIZES, "a batch", NULL
	};
	double memlog[2] = { 0 }, pipe = 0, datagram = 0;

	table_begin("write(2) + batched read(2): instructions a record", heads);
	for (const struct peer *const *p = peers(); *p; p++) {
		const struct peer *peer = *p;
		struct row row;

		if (peer == &peer_null)
			continue;
		measure(&row, peer, channel_time_batches);
		table_row("%s", peer->name);
		table_number(row.delivered, 1);
		print_costs(&row);
		table_number(row.batch, 0);
		if (peer->ring)
			memlog[peer == &peer_memlog_large] =
				row.cost[RECORD_COLUMN].median;
		else if (peer == &peer_pipe)
			pipe = row.cost[RECORD_COLUMN].median;
		else if (peer == &peer_datagram)
			datagram = row.cost[RECORD_COLUMN].median;
	}
	table_end("As many records as fit are written, at most 64 KB, then read by read(2) into\n"
		  "64 KB; a batch: how many at 100 B. A read(2) of a socket or of /dev/kmsg gives\n"
		  "one record.");

	for (int i = 0; i < 2; i++) {
		const char *name = (i ? &peer_memlog_large : &peer_memlog)->name;

		bound_below(memlog[i], pipe, "instructions",
			    "write + batched read, %s: a pipe's", name);
		bound_at_most(memlog[i], datagram / 5, "instructions",
			      "write + batched read, %s: 1/5 datagram", name);
	}
}
