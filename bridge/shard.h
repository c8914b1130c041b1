/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_SHARD_H
#define BRIDGE_SHARD_H

#include "bridge.h"

/**
 * struct errand - Something to be done in another thread.
 * @link: In shard->errands.
 * @run: Does it there, and has the memory then.
 */
struct errand {
	struct list link;
	void (*run)(struct errand *errand, struct shard *shard);
};

/* From any thread. Each errand that was sent is run, at the latest when the thread ends. */
void shard_send(struct shard *shard, struct errand *errand);

/**
 * shard_open() - Set up what a thread needs, but for its listeners.
 * @shardp: Set to it.
 * @bridge: The program.
 *
 * Says what is wrong itself. Return: 0 or an exit status.
 */
int shard_open(struct shard **shardp, struct bridge *bridge);

/* Serves until shard_stop(). In the thread whose it is. */
void shard_run(struct shard *shard);

/* The same in a thread of its own. Return: 0 or an exit status. */
int shard_start(struct shard *shard);

/* Has it say goodbye to its clients and end. From any thread. */
void shard_stop(struct shard *shard);

/* Waits for the thread of shard_start(), and frees it. */
void shard_close(struct shard *shard);

#endif /* BRIDGE_SHARD_H */
