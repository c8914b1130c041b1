// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlogfs --device: sets up and takes down. device_fs.c is the file system,
 * device_channel.h says how requests are served.
 *
 *	memlogfs --device /run/memlog
 *	echo hello > /run/memlog/memlog
 *	cat /run/memlog/memlog
 */
#include "device.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <unistd.h>

#include "device_fs.h"
#include "device_ops.h"
#include "device_options.h"
#include "say.h"

/* A read of more comes in several requests. */
#define READ_MAX	(1U << 20)

static int add_arg(struct fuse_args *args, const char *option)
{
	return fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, option);
}

/* What the kernel and libfuse are told; everybody is let in where that is allowed. */
static int mount_args(struct fuse_args *args, const struct device_options *opt)
{
	int err;

	err = fuse_opt_add_arg(args, "memlogfs");
	if (!err)
		err = add_arg(args, geteuid() ? "default_permissions" :
						"default_permissions,allow_other");
	if (!err)
		err = add_arg(args, "fsname=memlog,subtype=memlogfs,noexec");
	if (!err && opt->mount_options)
		err = add_arg(args, opt->mount_options);
	if (!err && opt->debug)
		err = fuse_opt_add_arg(args, "-d");
	return err ? -ENOMEM : 0;
}

static int serve(struct device_fs *fs, const struct device_options *opt)
{
	int err;

	if (fuse_set_signal_handlers(fs->session)) {
		say("can't catch signals");
		return EXIT_SYSTEM;
	}
	err = fuse_session_mount(fs->session, opt->mount) ? EXIT_SYSTEM : 0;
	if (err)
		say("can't mount at %s; it must be a folder of yours, and /dev/fuse be there "
		    "(package fuse3)", opt->mount);
	if (!err) {
		if (fuse_daemonize(opt->foreground) || fuse_session_loop(fs->session) < 0)
			err = EXIT_SYSTEM;
		if (fs->too_old) {
			say("this kernel's FUSE knows no streams; it takes Linux 5.4");
			err = EXIT_SYSTEM;
		}
		device_fs_end(fs);
		fuse_session_unmount(fs->session);
	}
	fuse_remove_signal_handlers(fs->session);
	return err;
}

static int run(struct device_fs *fs, const struct device_options *opt)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int err = EXIT_SYSTEM;

	if (mount_args(&args, opt) || device_read_init(READ_MAX)) {
		say("out of memory");
	} else {
		fs->session = fuse_session_new(&args, &device_fs_ops, sizeof(device_fs_ops),
					       fs);
		/* libfuse has said which option it is that nobody knows */
		err = EXIT_USAGE;
		if (fs->session) {
			err = serve(fs, opt);
			fuse_session_destroy(fs->session);
		}
	}
	fuse_opt_free_args(&args);
	return err;
}

int memlogfs_device(int argc, char **argv)
{
	static struct device_fs fs;
	struct device_options opt;
	int status;

	status = device_options_parse(&opt, argc, argv);
	if (status < 0 && device_origin_init()) {
		say("there is no /proc, which tells who writes");
		status = EXIT_SYSTEM;
	}
	for (unsigned int i = 0; status < 0 && i < opt.count; i++) {
		if (device_channel_open(&fs.channels[i], &opt, i))
			status = EXIT_SYSTEM;
		else
			fs.count++;
	}
	if (status < 0)
		status = run(&fs, &opt);
	while (fs.count)
		device_channel_close(&fs.channels[--fs.count]);
	device_options_free(&opt);
	return status;
}
