// SPDX-License-Identifier: GPL-2.0-only
#include "device_options.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memlog.h>

#include "say.h"

static const char help[] =
"usage: memlogfs --device [OPTION]... MOUNT\n"
"\n"
"Makes the folder MOUNT one with a file memlog in it, which does what /dev/memlog\n"
"does, without a kernel module: what is written is kept in a ring in memory, who\n"
"reads gets that and then what comes.\n"
"\n"
"  --size SIZE         bytes of text to keep: a power of two, 4K to 1G (16K,\n"
"                      or what a ring file of --ring has)\n"
"  --records N         records to keep: a power of two, 16 to SIZE (SIZE/32)\n"
"  --max-record SIZE   longest record, at most SIZE/4 and 64K (16K or SIZE/4)\n"
"  --channel NAME[:SIZE]  one more, memlog-NAME; may be repeated\n"
"  --name NAME         call it NAME, and others NAME-CHANNEL (memlog)\n"
"  --mode MODE         mode of the files, octal (0662: everybody writes)\n"
"  --ring FOLDER       keep the rings there, as files that outlive memlogfs and that\n"
"                      memlog and memlog-bridge read, too ($RUNTIME_DIRECTORY, else\n"
"                      they are in memory)\n"
"  -o OPTION[,...]     of mount.fuse3(8): allow_other lets other users in, as it is\n"
"                      for root anyway\n"
"  -f, --foreground    stay in the foreground\n"
"  -d, --debug         with libfuse's messages\n"
"  -h, --help; -V, --version\n"
"\n"
"fusermount3 -u MOUNT ends it. Exit status: 0, 100 wrong usage, 111 system error.\n";

/* Values as they were given; checked together, as sizes depend on each other. */
struct values {
	const char *size;
	const char *records;
	const char *max_record;
	const char *mode;
	const char *name;
	const char *rings;
	unsigned int channels;
	const char *channel[DEVICE_CHANNELS_MAX];
};

static const struct option long_options[] = {
	{ "device", no_argument, NULL, 'D' },
	{ "size", required_argument, NULL, 's' },
	{ "records", required_argument, NULL, 'r' },
	{ "max-record", required_argument, NULL, 'm' },
	{ "channel", required_argument, NULL, 'c' },
	{ "name", required_argument, NULL, 'n' },
	{ "mode", required_argument, NULL, 'M' },
	{ "ring", required_argument, NULL, 'R' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "debug", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

#define usage(fmt, ...) \
	(say(fmt " (see memlogfs --device --help)", ##__VA_ARGS__), EXIT_USAGE)

static int no_memory(void)
{
	say("out of memory");
	return EXIT_SYSTEM;
}

static bool name_ok(const char *name, size_t len)
{
	return len && len <= DEVICE_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= len;
}

static int check_geometry(struct device_options *opt, unsigned int n)
{
	const char *wrong = memlog_geometry_check(&opt->channels[n].geo);

	return wrong ? usage("%s: %s", opt->channels[n].name, wrong) : -1;
}

static int parse_size(const char *option, const char *value, u64 most, u64 *size)
{
	uint64_t bytes;

	if (memlog_parse_size(value, &bytes) || bytes > most)
		return usage("%s %s: not a size up to %llu, such as 65536, 64K or 1M", option,
			     value, (unsigned long long)most);
	*size = bytes;
	return -1;
}

static int parse_main(struct device_options *opt, const struct values *values)
{
	struct memlog_geometry *geo = &opt->channels[0].geo;
	u64 max_record = 0;
	int err = -1;

	if (values->name && !name_ok(values->name, strlen(values->name)))
		return usage("--name %s: not 1 to %u of a-z, 0-9, _ and -", values->name,
			     DEVICE_NAME_MAX);
	snprintf(opt->channels[0].name, DEVICE_FILE_NAME_MAX, "%s",
		 values->name ? values->name : "memlog");
	opt->count = 1;
	/* a ring file stays as it is */
	if (!values->size && !values->records && !values->max_record)
		return -1;
	geo->text_size = MEMLOG_TEXT_SIZE_DEFAULT;
	if (values->size)
		err = parse_size("--size", values->size, MEMLOG_TEXT_SIZE_MAX, &geo->text_size);
	if (err < 0 && !geo->text_size)
		return usage("--size %s: must be a power of two from 4K to 1G", values->size);
	if (err < 0 && values->records)
		err = parse_size("--records", values->records, MEMLOG_TEXT_SIZE_MAX,
				 &geo->records);
	if (err < 0 && values->max_record)
		err = parse_size("--max-record", values->max_record, MEMLOG_MAX_RECORD_LIMIT,
				 &max_record);
	geo->max_record = (u32)max_record;
	return err < 0 ? check_geometry(opt, 0) : err;
}

/* One NAME[:SIZE]. */
static int parse_channel(struct device_options *opt, const char *value)
{
	struct memlog_geometry *geo = &opt->channels[opt->count].geo;
	char *name = opt->channels[opt->count].name;
	size_t len = strcspn(value, ":");
	int err;

	if (!name_ok(value, len))
		return usage("--channel %s: a name is 1 to %u of a-z, 0-9, _ and -", value,
			     DEVICE_NAME_MAX);
	snprintf(name, DEVICE_FILE_NAME_MAX, "%.16s-%.*s", opt->channels[0].name, (int)len,
		 value);
	for (unsigned int i = 0; i < opt->count; i++)
		if (!strcmp(opt->channels[i].name, name))
			return usage("--channel %s: named twice", value);
	opt->count++;
	if (!value[len])
		return -1;
	err = parse_size("--channel size", value + len + 1, MEMLOG_TEXT_SIZE_MAX,
			 &geo->text_size);
	if (err < 0 && !geo->text_size)
		return usage("--channel %s: the size must be a power of two from 4K to 1G",
			     value);
	return err < 0 ? check_geometry(opt, opt->count - 1) : err;
}

static int parse_mode(struct device_options *opt, const char *value)
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);

	if (value[0] < '0' || value[0] > '7' || *end || !mode || mode > 0777)
		return usage("--mode %s: must be octal, 1 to 0777", value);
	opt->mode = (mode_t)mode;
	return -1;
}

/* In the background "." is another folder. */
static int parse_rings(struct device_options *opt, const char *folder)
{
	if (!folder) {
		folder = getenv("RUNTIME_DIRECTORY");
		if (!folder || !*folder)
			return -1;
		/* systemd parts several by colons */
		if (strchr(folder, ':'))
			return usage("$RUNTIME_DIRECTORY names several folders: which one "
				     "is to be said by --ring");
	}
	opt->rings = realpath(folder, NULL);
	if (opt->rings)
		return -1;
	say("--ring %s: %s", folder, strerror(errno));
	return EXIT_SYSTEM;
}

static int parse_values(struct device_options *opt, const struct values *values)
{
	int err = parse_main(opt, values);

	for (unsigned int i = 0; err < 0 && i < values->channels; i++)
		err = parse_channel(opt, values->channel[i]);
	if (err < 0)
		err = parse_mode(opt, values->mode ? values->mode : "0662");
	return err < 0 ? parse_rings(opt, values->rings) : err;
}

static int parse_other(struct device_options *opt, struct values *values, int c)
{
	switch (c) {
	case 'D':
		return -1;
	case 'f':
		opt->foreground = true;
		return -1;
	case 'd':
		opt->debug = true;
		opt->foreground = true;
		return -1;
	case 'o':
		return fuse_opt_add_opt(&opt->mount_options, optarg) ? no_memory() : -1;
	case 'c':
		if (values->channels == DEVICE_CHANNELS_MAX - 1)
			return usage("--channel: at most %u", DEVICE_CHANNELS_MAX - 1);
		values->channel[values->channels++] = optarg;
		return -1;
	case 'h':
		return fputs(help, stdout) < 0 || fflush(stdout) ? EXIT_SYSTEM : 0;
	case 'V':
		return puts("memlogfs " MEMLOGFS_VERSION) < 0 ? EXIT_SYSTEM : 0;
	default:
		say("see memlogfs --device --help");
		return EXIT_USAGE;
	}
}

static int parse_option(struct device_options *opt, struct values *values, int c)
{
	const char **value;

	switch (c) {
	case 's':
		value = &values->size;
		break;
	case 'r':
		value = &values->records;
		break;
	case 'm':
		value = &values->max_record;
		break;
	case 'M':
		value = &values->mode;
		break;
	case 'n':
		value = &values->name;
		break;
	case 'R':
		value = &values->rings;
		break;
	default:
		return parse_other(opt, values, c);
	}
	*value = optarg;
	return -1;
}

static int parse_mount(struct device_options *opt, int argc, char **argv)
{
	struct stat st;

	if (optind == argc)
		return usage("where is it to be mounted?");
	if (optind < argc - 1)
		return usage("%s: one folder is enough", argv[optind + 1]);
	opt->mount = realpath(argv[optind], NULL);
	if (!opt->mount || stat(opt->mount, &st)) {
		say("%s: %s%s", argv[optind], strerror(errno),
		    errno == ENOTCONN ? "; fusermount3 -u it first" : "");
		return EXIT_SYSTEM;
	}
	if (!S_ISDIR(st.st_mode))
		return usage("%s is no folder", argv[optind]);
	return -1;
}

/**
 * device_options_parse() - Parse and check the command line.
 * @opt: Is filled in, to be freed whatever is returned.
 * @argc: As main() got it.
 * @argv: Likewise.
 *
 * Return: -1, or what to exit with, when something was wrong and said, or all that
 * was asked for was to print something.
 */
int device_options_parse(struct device_options *opt, int argc, char **argv)
{
	struct values values = { 0 };
	int c, err = -1;

	memset(opt, 0, sizeof(*opt));
	while (err < 0 &&
	       (c = getopt_long(argc, argv, "o:fdhV", long_options, NULL)) != -1)
		err = parse_option(opt, &values, c);
	if (err < 0)
		err = parse_values(opt, &values);
	return err < 0 ? parse_mount(opt, argc, argv) : err;
}

/**
 * device_options_free() - Free what device_options_parse() took.
 * @opt: The options.
 */
void device_options_free(struct device_options *opt)
{
	free(opt->mount_options);
	free(opt->rings);
	free(opt->mount);
}
