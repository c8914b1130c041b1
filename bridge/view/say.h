/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memlogfs has to say, before it is in the background.
 */
#ifndef VIEW_SAY_H
#define VIEW_SAY_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

#define say(fmt, ...)	fprintf(stderr, "memlogfs: " fmt "\n", ##__VA_ARGS__)

/* libfuse would mount on a file, too, which is then hidden. */
static inline bool mount_is_folder(const char *mount)
{
	struct stat st;

	if (!stat(mount, &st)) {
		if (S_ISDIR(st.st_mode))
			return true;
		say("can't mount at %s: it is no folder", mount);
	} else if (errno == ENOENT) {
		say("can't mount at %s: there is no such folder; make it first", mount);
	} else if (errno == ENOTCONN) {
		say("can't mount at %s: what was mounted there has died; fusermount3 -u %s ends it",
		    mount, mount);
	} else {
		say("can't mount at %s: %s", mount, strerror(errno));
	}
	return false;
}

#endif /* VIEW_SAY_H */
