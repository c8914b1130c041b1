/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs made of the bridge's parts have in common: they serve
 * channels. Where those come from is what a program is.
 */
#ifndef BRIDGE_PROGRAM_H
#define BRIDGE_PROGRAM_H

#include "bridge.h"

/**
 * struct program - What a program adds. All but @open may be NULL.
 * @open: Open the channels; there are no threads yet.
 * @join: What needs the loop of the first thread.
 * @start: All is open and rights are given up: start threads of one's own.
 * @silent: It need not listen anywhere.
 * @stop: Clients are gone, or it did not come that far: undo all of these.
 * @finish: Threads are gone as well: what still works with the channels ends.
 *
 * The first three say what is wrong and return an exit status, 0 to go on.
 */
struct program {
	int (*open)(struct bridge *bridge);
	int (*join)(struct bridge *bridge);
	int (*start)(struct bridge *bridge);
	void (*stop)(struct bridge *bridge);
	bool silent;
	void (*finish)(struct bridge *bridge);
};

/* From the command line to the exit status. */
int program_run(const struct program *program, int argc, char **argv);

#endif /* BRIDGE_PROGRAM_H */
