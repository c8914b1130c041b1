// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlogfs: memlog as files.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"
#include "device.h"
#include "say.h"

/**
 * struct view_options - What was asked for.
 * @dir: The archive.
 * @mount: Where.
 * @live: live/ too.
 * @foreground: Stay in the foreground.
 * @help: Print how to use it.
 * @version: Print the version.
 * @extra: A word that is too many.
 */
struct view_options {
	char *dir;
	char *mount;
	int live;
	int foreground;
	int help;
	int version;
	bool extra;
};

#define OPTION(word, field)	{ word, offsetof(struct view_options, field), 1 }

static const struct fuse_opt words[] = {
	OPTION("live", live),
	OPTION("-f", foreground),
	OPTION("-d", foreground),
	OPTION("debug", foreground),
	OPTION("-h", help),
	OPTION("--help", help),
	OPTION("-V", version),
	OPTION("--version", version),
	FUSE_OPT_KEY("-d", FUSE_OPT_KEY_KEEP),
	FUSE_OPT_KEY("debug", FUSE_OPT_KEY_KEEP),
	FUSE_OPT_END
};

static int on_word(void *data, const char *arg, int key, struct fuse_args *args)
{
	struct view_options *opt = data;

	if (key != FUSE_OPT_KEY_NONOPT)
		return 1;	/* libfuse knows it, or says that it does not */
	if (!opt->dir)
		opt->dir = strdup(arg);
	else if (!opt->mount)
		opt->mount = strdup(arg);
	else
		opt->extra = true;
	return 0;
}

static void print_help(void)
{
	puts("usage: memlogfs DIR MOUNT [-o OPTION[,OPTION]...] [-f]\n"
	     "       memlogfs --device MOUNT [OPTION]...  (see memlogfs --device --help)\n"
	     "\n"
	     "Shows an archive, or a folder of archives, as files of text:\n"
	     "  YYYY-MM-DD/log         what was written, as lines\n"
	     "  YYYY-MM-DD/log.jsonl   a JSON object for each record\n"
	     "  today                  the newest day\n"
	     "\n"
	     "  -o live         show live/CHANNEL, too: what comes, as it comes\n"
	     "  -o allow_other  for other users, too, as the archive's own modes allow\n"
	     "  -f              stay in the foreground\n"
	     "  -d              and print each request\n"
	     "  --help, --version\n"
	     "\n"
	     "Unmount with: fusermount3 -u MOUNT. See memlogfs(8).");
}

/* libfuse would mount on a file, too, which is then hidden. */
static bool mount_is_folder(const char *mount)
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

static int show_archive(struct view_options *opt, struct fuse_args *args)
{
	if (opt->help) {
		print_help();
		return 0;
	}
	if (opt->version) {
		puts("memlogfs " MEMLOGFS_VERSION);
		return 0;
	}
	if (!opt->dir || !opt->mount || opt->extra) {
		say("expected a folder of archives and where to mount it: memlogfs DIR MOUNT (see --help)");
		return EXIT_USAGE;
	}
	if (!mount_is_folder(opt->mount))
		return EXIT_SYSTEM;
	fuse_opt_add_arg(args, "-oro,default_permissions,subtype=memlogfs");
	if (fuse_opt_add_arg(args, "-ofsname=memlog")) {
		say("out of memory");
		return EXIT_SYSTEM;
	}
	return view_archive(opt->dir, opt->live, args, opt->mount, opt->foreground);
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct view_options opt = { 0 };
	int status = EXIT_USAGE;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--device"))
			return memlogfs_device(argc, argv);
	if (!fuse_opt_parse(&args, &opt, words, on_word))
		status = show_archive(&opt, &args);
	free(opt.dir);
	free(opt.mount);
	fuse_opt_free_args(&args);
	return status;
}
